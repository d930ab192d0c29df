//! Packages that others made: what NuGet's rules allow is taken, the rest is refused with NuGet's number.

use crate::Feed;
use intake::IntakeConfig;
use model::{Code, HashAlgorithm, Refusal};
use nuget_signature::plan::UpstreamSignature;
use std::path::Path;

async fn pushed(file: &Path, change: impl FnOnce(&mut IntakeConfig)) -> (Result<(), Refusal>, Feed) {
    let feed = Feed::with(change).await;
    let answer = feed.push(&std::fs::read(file).unwrap()).await.map(|_| ());
    match answer {
        Ok(()) => feed.assert_spool_empty(),
        Err(_) => feed.assert_empty().await,
    }
    (answer, feed)
}

#[tokio::test]
async fn every_sound_package_is_taken_and_its_unsigned_form_is_what_its_signature_names() {
    let Some(shared) = testkit::shared() else { return };
    let mut refused = Vec::new();
    for folder in ["unsigned", "made", "real"] {
        for file in testkit::packages(&shared.join("corpus").join(folder)) {
            let (answer, feed) = pushed(&file, |_| {}).await;
            if let Err(refusal) = answer {
                refused.push(format!("{}: {} {refusal}", file.file_name().unwrap().display(), refusal.code));
                continue;
            }
            let record = feed.database.packages(&crate::all()).await.unwrap().remove(0).package;
            let bytes = std::fs::read(&file).unwrap();
            assert_eq!(record.received, HashAlgorithm::Sha256.digest(&bytes));
            assert_eq!(record.arrival == "unsigned", record.unsigned.sha256() == record.received, "{}", file.display());
        }
    }
    assert_eq!(refused, EXPECTED_REFUSALS);
}

#[tokio::test]
async fn what_nugets_signer_refuses_for_the_packages_sake_is_refused_with_its_number() {
    let Some(shared) = testkit::shared() else { return };
    let facts = std::fs::read_to_string(shared.join("corpus/facts.jsonl")).unwrap();
    let (mut seen, mut others) = (0, Vec::new());
    for line in facts.lines() {
        let fact: serde_json::Value = serde_json::from_str(line).unwrap();
        let file = fact["file"].as_str().unwrap();
        let Some(code) = fact["signer"]["code"].as_str() else { continue };
        // Refused for being signed already is a refusal of the command line alone.
        if ["NU3001", "NU3032", "NU3033"].contains(&code) {
            continue;
        }
        let (answer, _) = pushed(&shared.join("corpus").join(file), |_| {}).await;
        let refusal = answer.expect_err(file);
        if refusal.nu.map(|nu| nu.to_string()).as_deref() != Some(code) {
            others.push(format!("{file}: {code}, here {} {refusal}", refusal.code));
        }
        seen += 1;
    }
    assert!(seen > 0);
    assert_eq!(others, Vec::<String>::new());
}

#[tokio::test]
async fn under_reject_a_foreign_repository_signature_is_refused_and_an_authors_is_not() {
    let Some(shared) = testkit::shared() else { return };
    for (name, code) in [
        ("made/plain.nupkg", None),
        ("made/author-timestamp.nupkg", None),
        ("made/repository.nupkg", Some(Code::UpstreamSignatureRefused)),
        ("made/author-repository.nupkg", Some(Code::UpstreamSignatureRefused)),
        ("real/newtonsoft.json.13.0.3.nupkg", Some(Code::UpstreamSignatureRefused)),
    ] {
        let (answer, _) = pushed(&shared.join("corpus").join(name), |config| config.upstream = UpstreamSignature::Reject).await;
        assert_eq!(answer.err().map(|refusal| refusal.code), code, "{name}");
    }
}

#[tokio::test]
async fn a_package_changed_after_it_was_signed_is_refused_with_nugets_number() {
    let Some(shared) = testkit::shared() else { return };
    let mut bytes = std::fs::read(shared.join("corpus/made/author-timestamp.nupkg")).unwrap();
    // Inside the first entry's data: no header is touched.
    bytes[120] ^= 1;
    let feed = Feed::new().await;
    let refusal = feed.push(&bytes).await.unwrap_err();
    assert_eq!((refusal.code, refusal.nu.map(|nu| nu.0)), (Code::SignatureInvalid, Some(3008)), "{refusal}");
    feed.assert_empty().await;
}

/// Sound as archives, and yet no package of theirs may come in.
const EXPECTED_REFUSALS: [&str; 0] = [];
