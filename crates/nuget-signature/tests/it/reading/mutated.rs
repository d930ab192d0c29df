//! Thousands of broken signatures from `corpus/mutate.py`: what NuGet's own code says of each is what we say.

use super::{described, package_file};
use std::path::Path;
use std::process::Command;

/// Seeds and counts: `COUNTERSIGN_TEST_SEED` asks for another seed than this.
const SEED: &str = "20261124";
const COUNT: usize = 3_600;

#[test]
fn broken_signatures_read_as_nuget_reads_them() {
    let Some(shared) = testkit::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let seed = std::env::var("COUNTERSIGN_TEST_SEED").unwrap_or_else(|_| SEED.to_owned());
    let packages: Vec<_> =
        ["made", "edge", "signed"].iter().flat_map(|part| testkit::packages(&shared.join("corpus").join(part))).collect();
    let made = Command::new("python3")
        .arg(shared.join("corpus/mutate.py"))
        .args([&seed, &COUNT.to_string()])
        .arg(folder.path())
        .args(&packages)
        .status();
    if !made.is_ok_and(|status| status.success()) {
        assert!(!testkit::require_all(), "python3 does not run mutate.py");
        println!("skipped: python3 does not run mutate.py");
        return;
    }
    let (root, other_root) = (shared.join("corpus/pki/root.pem"), shared.join("corpus/pki/other-root.pem"));
    let Some(mut judge) = testkit::Judge::start(&["verify", "--root", root.to_str().unwrap(), "--root", other_root.to_str().unwrap()])
    else {
        return;
    };
    let (mut compared, mut checked, mut faults) = (0, 0, Vec::new());
    for path in testkit::packages(folder.path()) {
        if !touches_the_signature(&path) {
            continue;
        }
        let Some(p7s) = package_file::signature(&std::fs::read(&path).unwrap()) else { continue };
        let answer = judge.ask(path.to_str().unwrap());
        let Some(theirs) = described::theirs(&answer["signature"]) else { continue };
        let ours = described::ours(&p7s);
        compared += 1;
        if ours != theirs {
            faults.push(format!("{}\n  ours   {ours}\n  theirs {theirs}", path.file_name().unwrap().display()));
            continue;
        }
        if ours.get("code").is_none()
            && let Some((primary, counter)) = described::checks(&p7s)
            && let Some(theirs) = described::their_checks(&answer)
        {
            checked += 1;
            let checks = (primary, counter.unwrap_or(true));
            if checks != theirs {
                faults.push(format!("{}\n  checks {checks:?}\n  issues {}", path.file_name().unwrap().display(), answer["issues"]));
            }
        }
    }
    println!("seed {seed}: {compared} compared, {checked} signatures checked");
    assert!(faults.is_empty(), "{} of {compared} differ:\n{}", faults.len(), faults.join("\n"));
    assert!(compared >= 1_000, "only {compared} compared");
}

/// The operations on the CMS and on the bytes of the signature; those on the ZIP are somebody else's.
fn touches_the_signature(path: &Path) -> bool {
    const OPERATIONS: [&str; 6] =
        ["cms-", "flip-signature-", "signature-padded-", "signature-junk-", "other-signature-", "signature-empty-"];
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let operation = name.split_once('-').map_or("", |(_, operation)| operation);
    OPERATIONS.iter().any(|known| operation.starts_with(known)) && !operation.starts_with("flip-signature-stale-crc")
}
