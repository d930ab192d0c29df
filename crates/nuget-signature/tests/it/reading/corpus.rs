//! Every package of the corpus: the recorded description of NuGet's own code (`facts.jsonl`) is ours.

use super::{described, package_file};
use nuget_signature::parse::PrimarySignature;
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
    let Some(mut judge) = testkit::Judge::start(&["verify", "--root", root.to_str().unwrap(), "--root", other_root.to_str().unwrap()])
    else {
        return;
    };
    let (mut compared, mut failed) = (0, 0);
    for path in testkit::packages(&shared.join("corpus")) {
        let Some(p7s) = package_file::signature(&std::fs::read(&path).unwrap()) else { continue };
        let answer = judge.ask(path.to_str().unwrap());
        if answer.get("error").is_some() || answer["signature"].get("error").is_some() {
            continue;
        }
        let Some((primary, counter)) = described::checks(&p7s) else { continue };
        let Some(theirs) = described::their_checks(&answer) else { continue };
        assert_eq!((primary, counter.unwrap_or(true)), theirs, "{}: {}", path.display(), answer["issues"]);
        compared += 1;
        failed += usize::from(!primary || counter == Some(false));
    }
    println!("{compared} compared, {failed} with a wrong signature");
    assert!(compared >= 91 && failed >= 4, "only {compared} compared, {failed} wrong");
}

#[test]
fn time_stamps_are_compared_with_the_values_that_nuget_takes() {
    let Some(shared) = testkit::shared() else { return };
    let read = |name: &str| {
        let package = std::fs::read(shared.join("corpus").join(name)).unwrap();
        PrimarySignature::parse(package_file::signature(&package).unwrap()).unwrap()
    };
    // The repository's countersignature stands first in the file, the other, shorter one comes first in DER.
    let primary = read("edge/counter-beside-other.nupkg");
    let countersigners = primary.countersigners().unwrap();
    assert_eq!(countersigners.len(), 2);
    assert_eq!(primary.countersignature_timestamp_target().unwrap().unwrap(), countersigners[1].signature_value());
    assert_eq!(primary.repository_countersignature().unwrap().unwrap().signer().range(), countersigners[0].range());
    assert_eq!(primary.primary_timestamp_target(), Ok(primary.signer().signature_value()));
    // One alone is itself.
    let primary = read("edge/expired-counter-stamped.nupkg");
    assert_eq!(primary.countersignature_timestamp_target().unwrap().unwrap(), primary.countersigners().unwrap()[0].signature_value());
    assert_eq!(read("edge/ber-indefinite.nupkg").countersignature_timestamp_target(), Ok(None));
}

#[test]
fn every_part_lies_where_it_is_said_to_lie() {
    let Some(shared) = testkit::shared() else { return };
    let mut seen = 0;
    for path in testkit::packages(&shared.join("corpus")) {
        let Some(p7s) = package_file::signature(&std::fs::read(&path).unwrap()) else { continue };
        let Ok(primary) = PrimarySignature::parse(p7s.clone()) else { continue };
        seen += 1;
        let tag = |range: &std::ops::Range<usize>| p7s[range.start];
        let places = primary.places();
        assert_eq!(
            [
                &places.content_info,
                &places.explicit,
                &places.signed_data,
                &places.digest_algorithms,
                &places.encapsulated,
                &places.signer_infos
            ]
            .map(tag),
            [0x30, 0xA0, 0x30, 0x31, 0x30, 0x31]
        );
        assert!(places.certificates.as_ref().is_none_or(|range| tag(range) == 0xA0));
        for (range, der) in primary.certificate_ranges().iter().zip(primary.certificates()) {
            assert_eq!(&p7s[range.clone()], &der[..]);
        }
        let signer = primary.signer();
        assert_eq!(&p7s[signer.range()], signer.bytes());
        assert!(p7s[signer.signature_value_range()].ends_with(signer.signature_value()));
        if let Some(attributes) = signer.unsigned_attributes() {
            assert_eq!(tag(&attributes.range), 0xA1);
            for attribute in &attributes.list {
                assert_eq!([tag(&attribute.range), tag(&attribute.set)], [0x30, 0x31]);
                assert!(attribute.values.iter().all(|value| attribute.set.start < value.start && value.end <= attribute.set.end));
            }
        }
        for (range, token) in signer.timestamp_ranges().into_iter().zip(signer.timestamps()) {
            assert_eq!(&p7s[range], &token[..]);
        }
        for countersigner in primary.countersigners().unwrap_or_default() {
            assert_eq!(&p7s[countersigner.range()], countersigner.bytes());
            assert!(signer.range().contains(&countersigner.range().start));
        }
    }
    assert!(seen >= 91, "only {seen} signatures seen");
}
