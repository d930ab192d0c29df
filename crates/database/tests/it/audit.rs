//! The audit: an intent before each key use, what came of it after, and nothing ever changed.

use crate::fixture::{Fixture, intent, kept, settled};
use database::{AuditRow, ErrorKind, IntentId, Outcome};
use model::job::Lane;
use model::{Code, HashAlgorithm, Refusal};
use sea_orm::ConnectionTrait as _;
use std::time::Duration;

fn words(rows: &[AuditRow]) -> Vec<(Option<IntentId>, Option<&str>, Option<Code>)> {
    rows.iter().map(|row| (row.intent, row.outcome.as_deref(), row.code)).collect()
}

#[tokio::test]
async fn a_signature_leaves_an_intent_and_its_outcome() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    let (package, job) = fixture.signed("Some.Package", &fingerprint).await;
    let rows = fixture.audit(0, 10).await.expect("reads");
    let id = IntentId(rows[0].id);
    assert_eq!(words(&rows), [(None, None, None), (Some(id), Some("signed"), None)]);
    for row in &rows {
        assert_eq!((row.job, row.attempt, row.worker.as_str()), (job.id, 1, "worker"));
        assert_eq!((row.package_id.as_str(), row.package_version.as_str()), ("Some.Package", "1.0.0"));
        assert_eq!((&row.package_sha256, &row.fingerprint), (&package.unsigned.sha256().to_hex(), &fingerprint));
        let digest = HashAlgorithm::Sha384.digest(b"signed attributes").to_hex();
        assert_eq!((row.digest.clone(), row.requested_by.as_deref()), (format!("SHA384:{digest}"), Some("somebody")));
        assert_eq!(row.build, env!("CARGO_PKG_VERSION"));
    }
    assert_eq!(fixture.audit(rows[0].id, 10).await.expect("reads"), rows[1..]);
}

#[tokio::test]
async fn a_failed_attempt_ends_its_intent_and_a_kept_value_ends_its_own() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    fixture.push("a", Lane::Upload).await;
    let claim = fixture.claim_one().await;
    let first = fixture.intent(&claim, &intent(&fingerprint)).await.expect("an intent");
    fixture.settle_retry(&claim, &Refusal::new(Code::KeyTimeout, "slow"), Duration::ZERO).await.expect("settles");
    let claim = fixture.claim_one().await;
    let second = fixture.intent(&claim, &intent(&fingerprint)).await.expect("an intent");
    fixture.keep_signature_value(&claim, kept(&fingerprint, second)).await.expect("keeps");
    fixture.settle_retry(&claim, &Refusal::new(Code::TimestampBusy, "busy"), Duration::ZERO).await.expect("settles");
    let claim = fixture.claim_one().await;
    fixture.settle_signed(&claim, settled(&claim.package, &fingerprint, Some(second))).await.expect("settles");
    let rows = fixture.audit(0, 10).await.expect("reads");
    let expected = [
        (None, None, None),
        (Some(first), Some("failed"), Some(Code::KeyTimeout)),
        (None, None, None),
        (Some(second), Some("value_kept"), None),
        (Some(second), Some("signed"), None),
    ];
    assert_eq!(words(&rows), expected);
}

#[tokio::test]
async fn an_intent_of_an_attempt_that_crashed_stays_without_outcome() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    fixture.push("a", Lane::Upload).await;
    let claim = fixture.claim_one().await;
    fixture.intent(&claim, &intent(&fingerprint)).await.expect("an intent");
    fixture.end_leases_of("worker").await.expect("ends");
    let claim = fixture.claim_one().await;
    let second = fixture.intent(&claim, &intent(&fingerprint)).await.expect("an intent");
    fixture.settle_failed(&claim, &Refusal::new(Code::KeyRefused, "no")).await.expect("settles");
    let rows = fixture.audit(0, 10).await.expect("reads");
    assert_eq!(words(&rows), [(None, None, None), (None, None, None), (Some(second), Some("failed"), Some(Code::KeyRefused))]);
}

#[tokio::test]
async fn no_intent_without_an_active_certificate() {
    let fixture = Fixture::new().await;
    let retired = fixture.announced("retired").await;
    fixture.deactivate(&retired, false).await.expect("deactivates");
    fixture.push("a", Lane::Upload).await;
    let claim = fixture.claim_one().await;
    for fingerprint in [retired.as_str(), "UNKNOWN"] {
        let told = fixture.intent(&claim, &intent(fingerprint)).await.map_err(|e| (e.kind(), e.code()));
        assert_eq!(told, Err((ErrorKind::Conflict, Code::CertificateUnusable)));
    }
    assert_eq!(fixture.audit(0, 10).await.expect("reads"), []);
}

#[tokio::test]
async fn an_outcome_needs_its_intent() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    fixture.push("a", Lane::Upload).await;
    let claim = fixture.claim_one().await;
    let id = fixture.intent(&claim, &intent(&fingerprint)).await.expect("an intent");
    fixture.outcome(id, &Outcome::Failed(Code::VerificationFailed)).await.expect("writes");
    // Neither one that is not there nor an outcome itself.
    for id in [IntentId(id.0 + 1), IntentId(99)] {
        assert_eq!(fixture.outcome(id, &Outcome::Signed).await.map_err(|e| e.kind()), Err(ErrorKind::NotFound));
    }
    assert_eq!(fixture.audit(0, 10).await.expect("reads").len(), 2);
}

#[tokio::test]
async fn the_database_refuses_to_change_or_delete_a_row() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    fixture.signed("a", &fingerprint).await;
    let connection = sea_orm::Database::connect(&fixture.config.url).await.expect("opens");
    for sql in ["UPDATE audit SET worker = 'nobody'", "DELETE FROM audit"] {
        let told = connection.execute_unprepared(sql).await.map_err(|e| e.to_string());
        assert!(told.as_ref().is_err_and(|e| e.contains("the audit is append-only")), "{told:?}");
    }
    assert_eq!(fixture.audit(0, 10).await.expect("reads").len(), 2);
}

#[tokio::test]
async fn the_audit_outlives_a_deleted_package() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    fixture.push("a", Lane::Upload).await;
    let claim = fixture.claim_one().await;
    fixture.intent(&claim, &intent(&fingerprint)).await.expect("an intent");
    fixture.settle_rejected(&claim, &Refusal::new(Code::Zip64, "no")).await.expect("settles");
    fixture.delete_rejected(claim.job).await.expect("answers").expect("deleted");
    assert_eq!(fixture.audit(0, 10).await.expect("reads").len(), 2);
    // Its keys are not used again, so that the rows stay about it alone.
    let (package, job) = fixture.push("b", Lane::Upload).await;
    assert!(package.key > claim.package.key && job.id > claim.job);
}
