//! Certificates, what workers say of theirs, and the ledger.

use crate::fixture::{Fixture, certificate, package};
use database::{CredentialReport, ErrorKind, Ledger};
use model::job::Lane;
use model::{Code, Refusal};
use time::OffsetDateTime;

#[tokio::test]
async fn a_certificate_is_announced_once_and_marked_by_its_signatures() {
    let fixture = Fixture::new().await;
    let record = fixture.announce(certificate("ours")).await.expect("announces");
    assert_eq!((record.first_used, record.last_used, record.active, record.deactivated), (None, None, true, None));
    let expected = certificate("ours");
    assert_eq!((&record.subject, &record.chain, record.der()), (&expected.subject, &expected.chain, b"ours".as_slice()));
    assert_eq!((record.not_before, record.not_after), (expected.not_before, expected.not_after));
    assert_eq!(fixture.announce(certificate("ours")).await.expect("announces"), record);
    fixture.signed("a", &record.fingerprint).await;
    let found = fixture.certificate(&record.fingerprint.to_lowercase()).await.expect("reads").expect("there");
    assert!(found.first_used.is_some() && found.first_used == found.last_used);
    fixture.touch_used(&record.fingerprint).await.expect("marks");
    let again = fixture.certificate(&record.fingerprint).await.expect("reads").expect("there");
    assert_eq!(again.first_used, found.first_used);
    assert!(again.last_used >= found.last_used);
}

#[tokio::test]
async fn a_certificate_that_visible_packages_need_is_deactivated_by_force_alone() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    fixture.signed("a", &fingerprint).await;
    assert_eq!(fixture.packages_signed_by(&fingerprint.to_lowercase()).await.expect("counts"), 1);
    let told = fixture.deactivate(&fingerprint, false).await.map_err(|e| (e.kind(), e.code(), e.to_string()));
    let reason = format!("1 visible packages carry a signature by the certificate {fingerprint}");
    assert_eq!(told, Err((ErrorKind::Conflict, Code::CertificateNeeded, reason)));
    assert_eq!(fixture.active_certificates().await.expect("lists").len(), 1);
    let forced = fixture.deactivate(&fingerprint.to_lowercase(), true).await.expect("deactivates");
    assert!(!forced.active && forced.deactivated.is_some());
    assert_eq!(fixture.active_certificates().await.expect("lists"), []);
    assert_eq!(fixture.certificates().await.expect("lists"), std::slice::from_ref(&forced));
    // It stays so: announcing it again does not bring it back, deactivating it again changes nothing.
    assert_eq!(fixture.announce(certificate("ours")).await.expect("announces"), forced);
    assert_eq!(fixture.deactivate(&fingerprint, true).await.expect("answers"), forced);
    let told = fixture.deactivate("00", true).await.map_err(|e| (e.kind(), e.code()));
    assert_eq!(told, Err((ErrorKind::NotFound, Code::CertificateNotFound)));
}

#[tokio::test]
async fn the_ledger_knows_who_is_missing() {
    let fixture = Fixture::new().await;
    let (first, second) = (fixture.announced("first").await, fixture.announced("second").await);
    let state = async || (fixture.ledger().await.expect("counts"), fixture.all_listed_signed().await.expect("asks"));
    assert_eq!(state().await, (Ledger { visible: 0, missing: 0 }, true));
    fixture.signed("a", &first).await;
    fixture.signed("b", &second).await;
    // Pending and not visible: not listed.
    fixture.push("c", Lane::Upload).await;
    assert_eq!(state().await, (Ledger { visible: 2, missing: 0 }, true));
    fixture.deactivate(&second, true).await.expect("deactivates");
    assert_eq!(state().await, (Ledger { visible: 2, missing: 1 }, false));
    let mut shown = package("d", "1.0.0", b"d");
    shown.visible = true;
    fixture.insert_package(shown, Lane::Dormant).await.expect("records");
    assert_eq!(state().await, (Ledger { visible: 3, missing: 2 }, false));
}

#[tokio::test]
async fn the_last_word_of_each_worker_is_kept() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.credential_status().await.expect("reads"), []);
    let fingerprint = fixture.announced("ours").await;
    let not_after = OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000);
    let good = CredentialReport { worker: "one".into(), fingerprint: Some(fingerprint.clone()), not_after: Some(not_after), trouble: None };
    let trouble = Some(Refusal::nu(Code::CertificateExpired, 3037, "it has ended"));
    fixture.report_credential(CredentialReport { trouble: trouble.clone(), ..good.clone() }).await.expect("reports");
    fixture.report_credential(good.clone()).await.expect("reports");
    let other = CredentialReport { worker: "two".into(), fingerprint: None, not_after: None, trouble };
    fixture.report_credential(other.clone()).await.expect("reports");
    let mut said = fixture.credential_status().await.expect("reads");
    said.sort_by(|a, b| a.report.worker.cmp(&b.report.worker));
    assert_eq!(said.iter().map(|s| &s.report).collect::<Vec<_>>(), [&good, &other]);
    assert_eq!(said.iter().map(|s| s.active).collect::<Vec<_>>(), [true, true]);
    fixture.deactivate(&fingerprint, true).await.expect("deactivates");
    let said = fixture.credential_status().await.expect("reads");
    assert!(said.iter().any(|s| s.report == good && !s.active), "{said:?}");
}
