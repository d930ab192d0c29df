//! Packages that are odd in one attribute or one part of the CMS (`odd.py` writes them): what NuGet's own code says of each is
//! what we say.

use super::{described, package_file};
use std::path::Path;
use std::process::Command;

#[test]
fn odd_attributes_and_structures_read_as_nuget_reads_them() {
    let Some(shared) = testkit::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/reading/odd.py");
    let made = Command::new("python3").arg(script).arg(shared.join("corpus/edge/make.py")).arg(folder.path()).status();
    if !made.is_ok_and(|status| status.success()) {
        assert!(!testkit::require_all(), "python3 does not run odd.py");
        println!("skipped: python3 does not run odd.py");
        return;
    }
    let Some(mut judge) = testkit::Judge::start(&["verify", "--root", shared.join("corpus/pki/root.pem").to_str().unwrap()]) else {
        return;
    };
    let (mut compared, mut refused, mut faults) = (0, 0, Vec::new());
    for path in testkit::packages(folder.path()) {
        let name = path.file_stem().unwrap().display().to_string();
        let p7s = package_file::signature(&std::fs::read(&path).unwrap()).unwrap();
        let answer = judge.ask(path.to_str().unwrap());
        let Some(theirs) = described::theirs(&answer["signature"]) else { panic!("{name}: {answer}") };
        let ours = described::ours(&p7s);
        compared += 1;
        refused += usize::from(ours.get("code").is_some());
        if ours != theirs {
            faults.push(format!("{name}\n  ours   {ours}\n  theirs {theirs}"));
        } else if let Some(((primary, counter), theirs)) = described::checks(&p7s).zip(described::their_checks(&answer))
            && (primary, counter.unwrap_or(true)) != theirs
        {
            faults.push(format!("{name}\n  checks {primary} {counter:?}, issues {}", answer["issues"]));
        }
    }
    println!("{compared} compared, {refused} of them refused");
    assert!(faults.is_empty(), "{} of {compared} differ:\n{}", faults.len(), faults.join("\n"));
    assert!(compared > 180 && refused > 80, "only {compared} compared, {refused} refused");
}
