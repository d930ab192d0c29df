//! Kept signatures, the names of their blobs, and write-backs.

use crate::fixture::{Fixture, LEASE, intent, kept, settled};
use database::ErrorKind;
use model::job::Lane;
use model::{Code, HashAlgorithm, Refusal};
use std::time::Duration;

#[tokio::test]
async fn a_signature_comes_back_with_its_plan() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    let (package, _) = fixture.signed("a", &fingerprint).await;
    let expected = settled(&package, &fingerprint, None);
    let (p7s, splice) = fixture.signature_full(package.key).await.expect("reads").expect("kept");
    assert_eq!((&p7s, &splice), (&expected.p7s, &expected.splice));
    let view = fixture.find_by_key("a", "1.0.0").await.expect("reads").expect("there");
    let summary = view.signature.expect("kept");
    assert_eq!((summary.fingerprint, summary.p7s_sha256), (fingerprint.clone(), HashAlgorithm::Sha256.digest(&p7s)));
    assert_eq!((summary.size, summary.signed), (splice.len(), None));
    assert_eq!(view.package.signed_by, Some(fingerprint));
    let (other, _) = fixture.push("b", Lane::Upload).await;
    assert_eq!(fixture.signature_full(other.key).await.expect("reads"), None);
}

#[tokio::test]
async fn a_blob_is_named_for_its_own_signature_alone() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    let (package, _) = fixture.signed("a", &fingerprint).await;
    let digest = HashAlgorithm::Sha256.digest(&settled(&package, &fingerprint, None).p7s);
    let other = HashAlgorithm::Sha256.digest(b"an older signature");
    assert!(!fixture.name_signed_blob(package.key, other, "signed/older").await.expect("answers"));
    assert!(!fixture.names_blob("signed/older").await.expect("reads"));
    assert!(fixture.name_signed_blob(package.key, digest, "signed/a").await.expect("answers"));
    assert!(fixture.names_blob("signed/a").await.expect("reads"));
    assert!(fixture.names_blob(&package.incoming).await.expect("reads"));
    // Forgotten only when it is the one that is named.
    fixture.forget_signed_blob(package.key, "signed/other").await.expect("answers");
    assert!(fixture.names_blob("signed/a").await.expect("reads"));
    fixture.forget_signed_blob(package.key, "signed/a").await.expect("answers");
    assert!(!fixture.names_blob("signed/a").await.expect("reads"));
}

#[tokio::test]
async fn a_write_back_belongs_to_who_settled_until_its_grace_is_over_or_it_is_known_to_be_gone() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    let (package, _) = fixture.signed("a", &fingerprint).await;
    assert_eq!(fixture.claim_write_backs(5, LEASE, "other").await.expect("claims").len(), 0);
    // The settling worker was killed and is back.
    assert_eq!(fixture.end_leases_of("worker").await.expect("ends"), 1);
    let claimed = fixture.claim_write_backs(5, Duration::ZERO, "worker").await.expect("claims");
    assert_eq!(claimed.len(), 1);
    let expected = settled(&package, &fingerprint, None);
    assert_eq!((&claimed[0].p7s, &claimed[0].splice, claimed[0].size), (&expected.p7s, &expected.splice, expected.splice.len()));
    assert_eq!((claimed[0].package.key, claimed[0].p7s_sha256), (package.key, HashAlgorithm::Sha256.digest(&expected.p7s)));
    // That claim ended at once; this one does not.
    assert_eq!(fixture.claim_write_backs(5, LEASE, "worker").await.expect("claims").len(), 1);
    assert_eq!(fixture.claim_write_backs(5, LEASE, "worker").await.expect("claims").len(), 0);
    fixture.postpone_write_back(package.key, Duration::ZERO).await.expect("puts off");
    assert_eq!(fixture.claim_write_backs(5, LEASE, "worker").await.expect("claims").len(), 1);
    assert!(fixture.name_signed_blob(package.key, claimed[0].p7s_sha256, "signed/a").await.expect("names"));
    fixture.end_leases_of("worker").await.expect("ends");
    assert_eq!(fixture.claim_write_backs(5, LEASE, "worker").await.expect("claims").len(), 0);
}

#[tokio::test]
async fn raising_a_signed_package_does_not_take_its_write_back_from_who_has_it() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    let (package, _) = fixture.signed("a", &fingerprint).await;
    fixture.raise(package.key, Lane::Interactive).await.expect("raises");
    assert_eq!(fixture.claim_write_backs(5, LEASE, "other").await.expect("claims").len(), 0);
    fixture.postpone_write_back(package.key, LEASE).await.expect("puts off");
    assert_eq!(fixture.claim_write_backs(5, LEASE, "other").await.expect("claims").len(), 0);
    fixture.raise(package.key, Lane::Interactive).await.expect("raises");
    assert_eq!(fixture.claim_write_backs(5, LEASE, "other").await.expect("claims").len(), 1);
}

#[tokio::test]
async fn signing_again_replaces_the_signature_and_its_blob_is_to_be_written() {
    let fixture = Fixture::new().await;
    let (first, second) = (fixture.announced("first").await, fixture.announced("second").await);
    let (package, job) = fixture.signed("a", &first).await;
    let old = HashAlgorithm::Sha256.digest(&settled(&package, &first, None).p7s);
    assert!(fixture.name_signed_blob(package.key, old, "signed/old").await.expect("names"));
    fixture.requeue(job.id, Lane::Campaign).await.expect("queues");
    // Until it is signed again the old one is served.
    assert!(fixture.names_blob("signed/old").await.expect("reads"));
    let claim = fixture.claim_one().await;
    let mut again = settled(&package, &second, None);
    again.p7s.push(9);
    again.splice = model::Splice::whole(7);
    fixture.settle_signed(&claim, again.clone()).await.expect("settles");
    let view = fixture.find_by_key("a", "1.0.0").await.expect("reads").expect("there");
    let summary = view.signature.expect("kept");
    assert_eq!((summary.fingerprint, summary.size, summary.signed), (second, 7, None));
    assert_eq!(fixture.signature_full(package.key).await.expect("reads"), Some((again.p7s, again.splice)));
    // A late worker cannot name the old one.
    assert!(!fixture.name_signed_blob(package.key, old, "signed/old").await.expect("answers"));
}

#[tokio::test]
async fn a_kept_value_is_used_again_while_its_certificate_is_active() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    fixture.push("a", Lane::Upload).await;
    let claim = fixture.claim_one().await;
    assert_eq!(claim.kept, []);
    let id = fixture.intent(&claim, &intent(&fingerprint)).await.expect("an intent");
    fixture.keep_signature_value(&claim, kept(&fingerprint, id)).await.expect("keeps");
    fixture.settle_retry(&claim, &Refusal::new(Code::TimestampBusy, "busy"), Duration::ZERO).await.expect("settles");
    let claim = fixture.claim_one().await;
    assert_eq!(claim.kept, [kept(&fingerprint, id)]);
    fixture.release(&claim, Duration::ZERO).await.expect("hands back");
    // The package is not visible, so nothing needs the certificate.
    fixture.deactivate(&fingerprint, false).await.expect("deactivates");
    let claim = fixture.claim_one().await;
    assert_eq!(claim.kept, []);
    let told = fixture.settle_signed(&claim, settled(&claim.package, &fingerprint, Some(id))).await;
    assert_eq!(told.map_err(|e| (e.kind(), e.code())), Err((ErrorKind::Conflict, Code::CertificateUnusable)));
}

#[tokio::test]
async fn a_settled_signature_needs_its_kept_value_no_more() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    let (package, job) = fixture.push("a", Lane::Upload).await;
    let claim = fixture.claim_one().await;
    let id = fixture.intent(&claim, &intent(&fingerprint)).await.expect("an intent");
    fixture.keep_signature_value(&claim, kept(&fingerprint, id)).await.expect("keeps");
    fixture.settle_signed(&claim, settled(&package, &fingerprint, Some(id))).await.expect("settles");
    fixture.requeue(job.id, Lane::Upload).await.expect("queues");
    let claim = fixture.claim_one().await;
    assert_eq!(claim.kept, []);
    // Kept again, and found unusable.
    let id = fixture.intent(&claim, &intent(&fingerprint)).await.expect("an intent");
    fixture.keep_signature_value(&claim, kept(&fingerprint, id)).await.expect("keeps");
    fixture.forget_signature_values(&claim).await.expect("forgets");
    fixture.release(&claim, Duration::ZERO).await.expect("hands back");
    assert_eq!(fixture.claim_one().await.kept, []);
}
