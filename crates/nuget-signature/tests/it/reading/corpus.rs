//! Every package of the corpus: the recorded description of NuGet's own code (`facts.jsonl`) is ours.

use super::{described, package_file};
use serde_json::Value;

#[test]
fn every_signature_of_the_corpus_reads_as_nuget_reads_it() {
    let Some(shared) = testkit::shared() else { return };
    let corpus = shared.join("corpus");
    let facts = std::fs::read_to_string(corpus.join("facts.jsonl")).unwrap();
    let (mut compared, mut refused, mut faults) = (0, 0, Vec::new());
    for line in facts.lines() {
        let fact: Value = serde_json::from_str(line).unwrap();
        let file = fact["file"].as_str().unwrap();
        let Some(theirs) = described::theirs(&fact["signature"]) else { continue };
        let Some(p7s) = package_file::signature(&std::fs::read(corpus.join(file)).unwrap()) else {
            println!("{file}: not looked at: {theirs}");
            continue;
        };
        let ours = described::ours(&p7s);
        compared += 1;
        refused += usize::from(ours.get("code").is_some());
        if ours != theirs {
            faults.push(format!("{file}\n  ours   {ours}\n  theirs {theirs}"));
        }
    }
    println!("{compared} compared, {refused} of them refused");
    assert!(faults.is_empty(), "{} of {compared} differ:\n{}", faults.len(), faults.join("\n"));
    assert!(compared >= 112 && refused >= 20, "only {compared} compared, {refused} refused");
}

#[test]
fn every_signature_check_of_the_corpus_ends_as_nugets() {
    let Some(shared) = testkit::shared() else { return };
    let root = shared.join("corpus/pki/root.pem");
    let other_root = shared.join("corpus/pki/other-root.pem");
    let Some(mut judge) = testkit::Judge::start(&["verify", "--root", root.to_str().unwrap(), "--root", other_root.to_str().unwrap()]) else { return };
    let (mut compared, mut failed) = (0, 0);
    for path in testkit::packages(&shared.join("corpus")) {
        let Some(p7s) = package_file::signature(&std::fs::read(&path).unwrap()) else { continue };
        let answer = judge.ask(path.to_str().unwrap());
        if answer.get("error").is_some() || answer["signature"].get("error").is_some() {
            continue;
        }
        let Some((primary, counter)) = described::checks(&p7s) else { continue };
        let theirs = described::their_checks(&answer);
        assert_eq!((primary, counter.unwrap_or(true)), theirs, "{}: {}", path.display(), answer["issues"]);
        compared += 1;
        failed += usize::from(!primary || counter == Some(false));
    }
    println!("{compared} compared, {failed} with a wrong signature");
    assert!(compared > 100 && failed >= 4, "only {compared} compared, {failed} wrong");
}
