//! Which certificate signs now: announced before its first signature, looked at again all the time, and told to the others.
//!
//! Jobs take what the last look found, so nobody waits for a provider while holding anything. A look finds a renewed
//! certificate, a deleted file, one that was taken off the list, and a provider that does not answer.

use crate::failure::Failure;
use crate::{Worker, WorkerContext, failpoint, measure};
use certificates::Certificate;
use database::{CredentialReport, Database, NewCertificate};
use keys::KeyProvider;
use model::{Clock, Code, Refusal};
use signing::Credential;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A look is believed for so long.
const FRESH: Duration = Duration::from_secs(1);
/// An expiring certificate is warned of this often.
const WARN_EVERY: Duration = Duration::from_secs(3600);

/// The credential that signs, or why there is none.
pub(crate) type Found = Result<Arc<Ready>, Refusal>;

/// An announced, active credential.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) credential: Credential,
    /// Its certificate's SHA-256, upper-case hexadecimal.
    pub(crate) fingerprint: String,
}

/// What the last look found.
#[derive(Debug)]
pub(crate) struct Credentials {
    keys: Arc<dyn KeyProvider>,
    database: Database,
    clock: Arc<dyn Clock>,
    name: String,
    last: RwLock<Look>,
}

#[derive(Debug, Clone)]
struct Look {
    at: Option<Instant>,
    found: Found,
}

impl Credentials {
    pub(crate) fn new(context: &WorkerContext) -> Self {
        let nothing_yet = Err(Refusal::new(Code::CertificateUnusable, "the signing certificate has not been looked at yet"));
        Self {
            keys: Arc::clone(&context.keys),
            database: context.database.clone(),
            clock: Arc::clone(&context.clock),
            name: context.config.name.clone(),
            last: RwLock::new(Look { at: None, found: nothing_yet }),
        }
    }

    /// What the last look found.
    pub(crate) fn last(&self) -> Found {
        self.look().found
    }

    /// What a look finds that is not older than a moment.
    pub(crate) async fn current(&self) -> Found {
        let look = self.look();
        if look.at.is_some_and(|at| at.elapsed() < FRESH) {
            return look.found;
        }
        self.refresh().await
    }

    /// Looks, and reports at once when what it finds is another thing than before.
    pub(crate) async fn refresh(&self) -> Found {
        let before = self.look();
        let found = self.find(before.found.as_ref().ok()).await;
        let changed = match (&before.found, &found) {
            (Ok(old), Ok(new)) => old.fingerprint != new.fingerprint,
            (Err(old), Err(new)) => before.at.is_none() || old != new,
            _ => true,
        };
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = Look { at: Some(Instant::now()), found: found.clone() };
        if changed {
            match &found {
                Ok(ready) => tracing::info!(
                    fingerprint = ready.fingerprint,
                    not_after = %ready.credential.certificate().not_after(),
                    "signing with this certificate"
                ),
                Err(trouble) => tracing::error!(code = %trouble.code, "no certificate to sign with: {trouble}"),
            }
            self.report(&found).await;
        }
        found
    }

    fn look(&self) -> Look {
        self.last.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn find(&self, before: Option<&Arc<Ready>>) -> Found {
        let now = self.clock.now();
        let identity = self.keys.current(now).await.map_err(|error| Refusal {
            code: error.code(),
            nu: error.nu(),
            reason: telemetry::chain(&error),
        })?;
        let fingerprint = identity.fingerprint().to_hex_upper();
        let ready = match before {
            Some(ready) if ready.fingerprint == fingerprint => Arc::clone(ready),
            _ => {
                let credential = Credential::new(identity).map_err(|error| error.to_refusal())?;
                // Whether clients trust the root is theirs; everything else must be in order.
                credential.check_for_signing(now, &[])?;
                Arc::new(Ready { credential, fingerprint })
            }
        };
        if !self.is_active(&ready).await.map_err(|failure| failure.to_refusal())? {
            let reason = format!("the certificate {} has been taken off the list", ready.fingerprint);
            return Err(Refusal::new(Code::CertificateUnusable, reason));
        }
        Ok(ready)
    }

    /// Whether the certificate is on the list; put on it when it has never been.
    async fn is_active(&self, ready: &Ready) -> Result<bool, Failure> {
        if let Some(record) = self.database.certificate(&ready.fingerprint).await? {
            return Ok(record.active);
        }
        failpoint::reach("worker.announce.before")?;
        let record = self.database.announce(described(&ready.credential, &ready.fingerprint)).await?;
        failpoint::reach("worker.announce.committed")?;
        Ok(record.active)
    }

    async fn report(&self, found: &Found) {
        let ready = found.as_ref().ok();
        // A certificate that must not sign any more has ended as far as pushes go: intake looks at the end alone.
        let ended = matches!(found, Err(trouble) if trouble.code == Code::CertificateUnusable).then(|| self.clock.now());
        let report = CredentialReport {
            worker: self.name.clone(),
            fingerprint: ready.map(|r| r.fingerprint.clone()),
            not_after: ready.map(|r| r.credential.certificate().not_after()).or(ended),
            trouble: found.as_ref().err().cloned(),
        };
        failpoint::pass("worker.report.before");
        let reported = self.database.report_credential(report).await;
        failpoint::pass("worker.report.committed");
        if let Err(error) = reported {
            tracing::warn!("the credential could not be reported: {}", telemetry::chain(&error));
        }
    }
}

fn described(credential: &Credential, fingerprint: &str) -> NewCertificate {
    let certificate = credential.certificate();
    NewCertificate {
        fingerprint: fingerprint.to_owned(),
        subject: certificate.subject(),
        issuer: certificate.issuer(),
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        chain: credential.chain().iter().map(|der| der.to_vec()).collect(),
    }
}

/// The heartbeat: a look and a report, again and again until the stop.
pub(crate) async fn keep_reporting(worker: Arc<Worker>, stop: CancellationToken) {
    let credentials = &worker.credentials;
    let mut beat = tokio::time::interval(worker.context.config.heartbeat);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut warned: Option<Instant> = None;
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            () = stop.cancelled() => return,
        }
        let found = credentials.refresh().await;
        credentials.report(&found).await;
        let Ok(ready) = found else { continue };
        let left = left(ready.credential.certificate(), credentials.clock.now());
        measure::certificate_days(&ready.fingerprint, left);
        if left < worker.context.config.warn_before && warned.is_none_or(|at| at.elapsed() >= WARN_EVERY) {
            warned = Some(Instant::now());
            tracing::warn!(fingerprint = ready.fingerprint, days = left.whole_days(), "the signing certificate ends soon");
        }
    }
}

fn left(certificate: &Certificate, now: OffsetDateTime) -> time::Duration {
    certificate.not_after() - now
}
