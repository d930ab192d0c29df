//! Whether pushes are worth taking: what the workers say about the certificate that they sign with.

use database::CredentialStatus;
use model::{Code, Refusal};
use std::time::Duration;
use time::OffsetDateTime;

/// Refuses while every worker that we know of has a certificate that cannot be signed with any more. Nobody has said anything yet: the
/// push is taken, and its job waits.
pub(crate) fn check(workers: &[CredentialStatus], now: OffsetDateTime) -> Result<(), Refusal> {
    let fresh = workers.iter().any(|worker| worker.age <= HEARTBEAT_AGE_MAX);
    // Without a fresh word the last one stands.
    let heard = if fresh {
        workers.iter().filter(|worker| worker.age <= HEARTBEAT_AGE_MAX).collect()
    } else {
        workers.first().into_iter().collect::<Vec<_>>()
    };
    if heard.is_empty() || heard.iter().any(|worker| is_usable(worker, now)) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::CertificateUnusable,
        "the signing certificate is expired, about to expire or disabled; try again when it is renewed",
    ))
}

/// Trouble with a key or its service is not the certificate's: the job is tried again.
fn is_usable(worker: &CredentialStatus, now: OffsetDateTime) -> bool {
    worker.active && worker.report.not_after.is_none_or(|end| end > now + ENDS_SOON)
}

/// A certificate that ends within this is as good as ended (architecture 3.14).
const ENDS_SOON: Duration = Duration::from_secs(5 * 60);
/// A worker that has not reported for so long is gone, as long as another has.
const HEARTBEAT_AGE_MAX: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use database::CredentialReport;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    fn worker(seconds_left: i64, active: bool, age: u64) -> CredentialStatus {
        let report = CredentialReport {
            worker: "w".into(),
            fingerprint: Some("AB".into()),
            not_after: Some(NOW + time::Duration::seconds(seconds_left)),
            trouble: None,
        };
        CredentialStatus { report, heartbeat: NOW, age: Duration::from_secs(age), active }
    }

    #[test]
    fn a_push_is_taken_as_long_as_one_worker_can_sign() {
        let code = |workers: &[CredentialStatus]| check(workers, NOW).map_err(|refusal| refusal.code);
        assert_eq!(code(&[]), Ok(()));
        assert_eq!(code(&[worker(301, true, 0)]), Ok(()));
        assert_eq!(code(&[worker(300, true, 0)]), Err(Code::CertificateUnusable));
        assert_eq!(code(&[worker(-1, true, 0)]), Err(Code::CertificateUnusable));
        assert_eq!(code(&[worker(9999, false, 0)]), Err(Code::CertificateUnusable));
        assert_eq!(code(&[worker(-1, true, 0), worker(9999, true, 5)]), Ok(()));
        // The one that could sign is gone; of two that are gone the last word stands.
        assert_eq!(code(&[worker(-1, true, 0), worker(9999, true, 3600)]), Err(Code::CertificateUnusable));
        assert_eq!(code(&[worker(9999, true, 3600), worker(-1, true, 7200)]), Ok(()));
    }
}
