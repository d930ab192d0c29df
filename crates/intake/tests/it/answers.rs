//! What a push that is taken leads to.

use crate::{Feed, all, identity, package};
use database::CredentialReport;
use intake::{ReceiptState, SigningMode};
use model::job::{JobState, Lane};
use model::{Code, HashAlgorithm, Refusal};
use std::time::Duration;
use time::OffsetDateTime;

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_push_is_a_blob_and_rows_with_both_digests() {
    let feed = Feed::with(|config| config.algorithm = HashAlgorithm::Sha512).await;
    let bytes = package("Some.Package", "1.2.0.0-Beta+build", b"x");
    let receipt = feed.push(&bytes).await.unwrap();
    assert_eq!((receipt.state, receipt.new, &*receipt.status_path), (ReceiptState::Accepted, true, "/v3/status/some.package/1.2.0-beta"));
    let found = feed.database.find(&identity("some.PACKAGE", "1.2-beta")).await.unwrap().unwrap();
    let (record, sha256) = (found.package, HashAlgorithm::Sha256.digest(&bytes));
    assert_eq!((record.received, record.unsigned.sha256(), record.size), (sha256, sha256, bytes.len() as u64));
    assert_eq!(record.unsigned.by(HashAlgorithm::Sha512), Some(HashAlgorithm::Sha512.digest(&bytes)));
    assert_eq!((&*record.arrival, record.visible, record.requested_by.as_deref()), ("unsigned", false, Some("somebody")));
    assert_eq!((found.job.state, found.job.lane), (JobState::Pending, Lane::Upload));
    let blob = feed.store.head(&record.incoming).await.unwrap().unwrap();
    assert_eq!((blob.size, blob.pin.as_str()), (record.size, &*record.pin));
    assert_eq!(feed.store.read_range(&record.incoming, 0..record.size, Some(&blob.pin)).await.unwrap(), bytes);
    assert!(feed.database.nuspec(record.key).await.unwrap().starts_with(b"<?xml"));
    feed.assert_spool_empty();
}

#[tokio::test]
async fn the_same_bytes_again_are_the_same_and_others_are_a_conflict() {
    let feed = Feed::new().await;
    let bytes = package("A", "1.0.0", b"x");
    let first = feed.push(&bytes).await.unwrap();
    let again = feed.push(&bytes).await.unwrap();
    assert_eq!((again.identity, again.state, again.status_path, again.new), (first.identity, first.state, first.status_path, false));
    for version in ["1.0.0", "1.0", "1.0.0.0+other"] {
        let refused = feed.push(&package("a", version, b"other")).await.unwrap_err();
        assert_eq!((refused.code, refused.reason), (Code::IdentityTaken, "a 1.0.0 exists already with other content".to_owned()));
    }
    assert_eq!(feed.blobs().await.len(), 1);
    assert_eq!(feed.database.packages(&all()).await.unwrap().len(), 1);
    feed.assert_spool_empty();
}

#[tokio::test]
async fn a_push_that_is_signed_within_its_wait_says_so() {
    let feed = Feed::new().await;
    let bytes = package("A", "1.0.0", &[7; 1000]);
    let (receipt, ()) = tokio::join!(feed.push_waiting(&bytes, LONG), feed.settle_next(None));
    assert_eq!(receipt.unwrap().state, ReceiptState::Signed);
    let again = feed.push(&bytes).await.unwrap();
    assert_eq!((again.state, again.new), (ReceiptState::Signed, false));
}

#[tokio::test]
async fn a_push_that_is_rejected_within_its_wait_is_refused_and_leaves_nothing() {
    let feed = Feed::new().await;
    let bytes = package("A", "1.0.0", b"x");
    let reason = Refusal::nu(Code::SignatureInvalid, 3012, "no good");
    let (refused, ()) = tokio::join!(feed.push_waiting(&bytes, LONG), feed.settle_next(Some(reason.clone())));
    assert_eq!(refused.unwrap_err(), reason);
    feed.assert_empty().await;
    // The identity is free again.
    assert!(feed.push(&package("A", "1.0.0", b"y")).await.unwrap().new);
}

#[tokio::test]
async fn a_push_rejected_after_its_wait_stays_and_frees_its_identity() {
    let feed = Feed::new().await;
    feed.push(&package("A", "1.0.0", b"x")).await.unwrap();
    feed.settle_next(Some(Refusal::new(Code::SignatureInvalid, "no good"))).await;
    let found = feed.database.find(&identity("A", "1.0.0")).await.unwrap().unwrap();
    assert_eq!(found.job.state, JobState::Rejected);
    assert!(feed.push(&package("A", "1.0.0", b"y")).await.unwrap().new);
}

#[tokio::test]
async fn with_signing_off_a_package_is_visible_at_once_and_its_job_sleeps() {
    let feed = Feed::with(|config| config.signing = SigningMode::Off).await;
    let receipt = feed.push_waiting(&package("A", "1.0.0", b"x"), LONG).await.unwrap();
    assert_eq!(receipt.state, ReceiptState::Signed);
    let found = feed.database.find(&receipt.identity).await.unwrap().unwrap();
    assert_eq!((found.package.visible, found.job.lane, found.job.state), (true, Lane::Dormant, JobState::Pending));
}

#[tokio::test]
async fn without_a_usable_certificate_nothing_is_taken() {
    let feed = Feed::new().await;
    let report = |minutes| CredentialReport {
        worker: "worker".into(),
        fingerprint: None,
        not_after: Some(OffsetDateTime::now_utc() + time::Duration::minutes(minutes)),
        trouble: None,
    };
    feed.database.report_credential(report(4)).await.unwrap();
    assert_eq!(feed.push(&package("A", "1.0.0", b"x")).await.unwrap_err().code, Code::CertificateUnusable);
    feed.assert_empty().await;
    feed.database.report_credential(report(600)).await.unwrap();
    feed.push(&package("A", "1.0.0", b"x")).await.unwrap();
}
