//! Whatever is pushed, the answer is a refusal with a code, or a package that NuGet accepts: never an error of ours, and a refusal leaves
//! nothing behind. Limits hold at the limit and one past it.

mod kinds;
mod limits;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use system_tests::{Answer, Serve, require, sha256};
use testkit::{judge, packages, shared};

/// A refusal as it should be: of the client's fault, with a code that stands in body and header.
#[track_caller]
fn is_a_refusal(what: &str, answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    assert!((400..500).contains(&answer.status), "{what}: {} {text}", answer.status);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}: {text}");
    let code = answer.code();
    assert!(!code.is_empty() && answer.header("x-nuget-warning").contains(&code), "{what}: {text}");
    code
}

/// Nothing but these files is in the store, nothing on the spool, no row without one of them.
#[track_caller]
fn holds_only(serve: &Serve, received: &HashSet<String>) {
    let incoming: HashSet<String> =
        packages(&serve.data().join("packages/incoming")).iter().map(|p| p.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(&incoming, received, "packages/incoming");
    let rows: HashSet<String> =
        serve.rows("SELECT received_sha256 FROM packages").iter().map(|r| r[0].as_str().unwrap().to_lowercase()).collect();
    assert_eq!(&rows, received, "rows");
    spool_is_empty(serve);
}

#[track_caller]
fn spool_is_empty(serve: &Serve) {
    let mut left = Vec::new();
    let mut folders = vec![serve.data().join("packages/.spool")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != "lock" {
                left.push(path);
            }
        }
    }
    assert!(left.is_empty(), "the spool holds {left:?}");
    assert_eq!(serve.metric_in_all("countersign_spool_bytes"), 0.0);
}

/// Pushes files that may be anything, in as many feeds as it takes for no two to meet over an identity. What is taken must be accepted by
/// NuGet as it is served, or have come with what NuGet still minds (an author's certificate or time-stamp). How many were taken.
fn push_all(files: &[PathBuf]) -> usize {
    let shared = shared().unwrap();
    let roots = ["root.pem", "other-root.pem"].map(|f| shared.join("corpus/pki").join(f).to_str().unwrap().to_owned());
    let before = judge(&["verify", "--root", &roots[0], "--root", &roots[1]], files).unwrap();
    let known = judge(&["nuspec"], files).unwrap();
    let (mut left, mut taken): (Vec<usize>, usize) = ((0..files.len()).collect(), 0);
    while !left.is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let serve = Serve::start(&folder.path().join("data"), &[]);
        let (mut met, mut accepted, mut received) = (Vec::new(), Vec::new(), HashSet::new());
        for &at in &left {
            let bytes = std::fs::read(&files[at]).unwrap();
            let answer = serve.push(&bytes);
            let what = files[at].display().to_string();
            if matches!(answer.status, 201 | 202) {
                let (id, version) = (known[at]["id"].as_str(), known[at]["version"].as_str());
                let (Some(id), Some(version)) = (id, version) else { panic!("{what}: taken, and NuGet reads no identity: {}", known[at]) };
                let out = folder.path().join(format!("{at}.nupkg"));
                std::fs::write(&out, serve.fetch(id, version).body).unwrap();
                accepted.push((at, out));
                received.insert(sha256(&bytes));
            } else if is_a_refusal(&what, &answer) == "identity_taken" {
                met.push(at);
            }
        }
        holds_only(&serve, &received);
        assert!(met.is_empty() || !accepted.is_empty(), "an empty feed has no identity that is taken");
        let mut words = require(&serve.fingerprints());
        words.extend(roots.iter().flat_map(|r| ["--root".to_owned(), r.clone()]));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let served: Vec<&PathBuf> = accepted.iter().map(|a| &a.1).collect();
        for ((at, _), verdict) in accepted.iter().zip(judge(&words, &served).unwrap()) {
            let came_with: HashSet<&str> = before[*at]["codes"].as_array().into_iter().flatten().filter_map(|c| c.as_str()).collect();
            let codes: Vec<&str> = verdict["codes"].as_array().into_iter().flatten().filter_map(|c| c.as_str()).collect();
            let only_what_it_came_with =
                before[*at]["signature"]["type"] == "Author" && codes.iter().all(|c| !c.starts_with("E:") || came_with.contains(c));
            // The author's certificate has ended, and the only proof of when it signed is the time-stamp of the foreign countersignature,
            // which `UpstreamSignature=ReSign` cuts out: NuGet then sees an expired author, whatever we stamp now.
            let name = files[*at].file_name().and_then(|n| n.to_str()).unwrap();
            let loses_its_time =
                name.starts_with("expired-counter-stamped") && codes.iter().all(|c| !c.starts_with("E:") || *c == "E:NU3037");
            let what = files[*at].display();
            assert!(
                verdict["valid"] == true || (verdict["error"].is_null() && (only_what_it_came_with || loses_its_time)),
                "{what}: {verdict}, came with {came_with:?}"
            );
            assert_eq!(verdict["contentHash"], known[*at]["contentHash"], "{what}");
        }
        taken += accepted.len();
        left = met;
    }
    taken
}

fn mutate(seed: &str, count: &str, out: &Path, of: &[PathBuf]) -> Vec<PathBuf> {
    let script = shared().unwrap().join("corpus/mutate.py");
    let done = Command::new("python3").arg(script).args([seed, count]).arg(out).args(of).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut files: Vec<PathBuf> = std::fs::read_dir(out).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn crafted_and_odd_archives() {
    let Some(shared) = shared() else { return };
    let files: Vec<PathBuf> = ["crafted", "edge"].iter().flat_map(|f| packages(&shared.join("corpus").join(f))).collect();
    assert!(files.len() > 60);
    println!("{} of {} taken", push_all(&files), files.len());
}

#[test]
fn three_hundred_broken_packages() {
    let Some(shared) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let corpus = shared.join("corpus");
    let of: Vec<PathBuf> = packages(&corpus.join("made"))
        .into_iter()
        .chain(packages(&corpus.join("unsigned")))
        .chain(packages(&corpus.join("real")))
        .filter(|f| std::fs::metadata(f).unwrap().len() < 300_000 && !f.ends_with("many-entries.nupkg"))
        .collect();
    let files = mutate("3107", "300", folder.path(), &of);
    assert_eq!(files.len(), 300);
    println!("{} of 300 taken", push_all(&files));
}
