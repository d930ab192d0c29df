//! What `/health/ready` and gRPC's health say: each thing that the service needs, asked, or as the last attempt found it.
//!
//! Without the database or the package store nothing can be served, so their trouble fails the check. A certificate that cannot sign and
//! an authority that does not stamp are named, with their codes, and fail nothing: what is signed can still be had.

use async_trait::async_trait;
use bytes::Bytes;
use database::{CredentialStatus, Database};
use front::{AllSigned, FrontState};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use model::{Category, Clock, Code, HashAlgorithm, Refusal};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;
use timestamp::Timestamper;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use web::{Check, Health, Standing};

/// What the checks look at.
pub(crate) struct Needs {
    pub(crate) database: Database,
    /// The folder of uploads.
    pub(crate) spool: PathBuf,
    pub(crate) front: FrontState,
    pub(crate) clock: Arc<dyn Clock>,
    /// `None` when signing is off.
    pub(crate) signing: Option<Signing>,
}

/// What signing needs.
pub(crate) struct Signing {
    /// `None` when signatures are not time-stamped.
    pub(crate) authority: Option<Arc<Watched>>,
}

impl Needs {
    /// The checks, each asked at most once a second however often health is.
    pub(crate) fn health(self) -> Health {
        let database = self.database.clone();
        let mut health = Health::new()
            .with(check("database", move || {
                let database = database.clone();
                async move { database_standing(&database).await }
            }))
            .with(check("storage", move || {
                let spool = self.spool.clone();
                async move { storage_standing(spool).await }
            }));
        let Some(signing) = self.signing else {
            let off = "signing is off (Signing:Mode is Null): packages are served as they came";
            return health.with(Check::new("certificate", move || async move { Standing::Note(off.to_owned()) }));
        };
        let (database, clock) = (self.database, self.clock);
        health = health.with(check("certificate", move || {
            let (database, now) = (database.clone(), clock.now());
            async move {
                match database.credential_status().await {
                    Ok(workers) => certificate_standing(&workers, now),
                    Err(_named_by_its_own_check) => Standing::Note("not known: the database does not answer".to_owned()),
                }
            }
        }));
        if let Some(authority) = signing.authority {
            health = health.with(Check::new("timestamp", move || {
                let standing = authority.last_trouble().map_or(Standing::Good, |trouble| note(&trouble));
                async move { standing }
            }));
        }
        let front = self.front;
        health.with(check("all-repository-signed", move || {
            let front = front.clone();
            async move {
                match front.all_repository_signed().await {
                    Ok(AllSigned::Yes) => Standing::Good,
                    Ok(AllSigned::No(why)) => Standing::Note(format!("allRepositorySigned is false: {why}")),
                    Err(refusal) => note(&refusal),
                }
            }
        }))
    }
}

/// Tells gRPC's health what readiness is, until the stop; then that nothing is served any more.
pub(crate) async fn mirror(health: Health, grpc: front::grpc::GrpcHealth, stop: CancellationToken) {
    let mut beat = tokio::time::interval(MIRRORED_EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            () = stop.cancelled() => return grpc.set(false).await,
        }
        let found = health.ask().await;
        grpc.set(!found.iter().any(|(_, standing)| matches!(standing, Standing::Failed(_)))).await;
    }
}

async fn database_standing(database: &Database) -> Standing {
    match database.ping().await {
        Ok(()) => Standing::Good,
        Err(error) => {
            tracing::warn!(error = telemetry::chain(&error), "the database does not answer");
            Standing::Failed(Refusal::new(Code::DatabaseUnavailable, "the database does not answer"))
        }
    }
}

/// Writes a byte into the folder of uploads, which lies on the disk of the blobs. No place or byte of a push is taken for it.
async fn storage_standing(spool: PathBuf) -> Standing {
    let tried = tokio::task::spawn_blocking(move || tempfile::tempfile_in(spool)?.write_all(b"?")).await;
    let why = match tried {
        Ok(Ok(())) => return Standing::Good,
        Ok(Err(error)) => telemetry::chain(&error),
        Err(error) => telemetry::chain(&error),
    };
    tracing::warn!("the package store takes nothing: {why}");
    Standing::Failed(Refusal::new(Code::StorageUnavailable, "the package store takes nothing"))
}

/// What the workers say of the certificate that they sign with.
fn certificate_standing(workers: &[CredentialStatus], now: OffsetDateTime) -> Standing {
    let fresh: Vec<_> = workers.iter().filter(|worker| worker.age <= HEARTBEAT_AGE_MAX).collect();
    if fresh.is_empty() {
        return Standing::Note("no worker has said yet which certificate it signs with".to_owned());
    }
    if let Some(trouble) = fresh.iter().find_map(|worker| worker.report.trouble.as_ref()) {
        return note(trouble);
    }
    let unusable = |reason: &str| note(&Refusal::new(Code::CertificateUnusable, reason));
    if fresh.iter().any(|worker| !worker.active) {
        return unusable("the signing certificate has been taken off the list");
    }
    match fresh.iter().filter_map(|worker| worker.report.not_after).min() {
        Some(end) if end <= now => unusable("the signing certificate has expired"),
        Some(end) if end <= now + ENDS_SOON => unusable("the signing certificate is about to expire"),
        _ => Standing::Good,
    }
}

/// A trouble as a note: its code, and what may be read of it.
fn note(trouble: &Refusal) -> Standing {
    Standing::Note(match trouble.code.category() {
        Category::Internal => format!("{}: the log says more", trouble.code),
        _ => format!("{}: {trouble}", trouble.code),
    })
}

/// A check whose answer is good for a moment: whoever may ask for health must not be able to keep database and disk busy with it.
fn check<F>(name: &'static str, ask: impl Fn() -> F + Send + Sync + 'static) -> Check
where
    F: Future<Output = Standing> + Send + 'static,
{
    check_every(FRESH, name, ask)
}

fn check_every<F>(fresh: Duration, name: &'static str, ask: impl Fn() -> F + Send + Sync + 'static) -> Check
where
    F: Future<Output = Standing> + Send + 'static,
{
    let last = Arc::new(tokio::sync::Mutex::new(None::<(Instant, Standing)>));
    let ask = Arc::new(ask);
    Check::new(name, move || -> BoxFuture<'static, Standing> {
        let (last, ask) = (Arc::clone(&last), Arc::clone(&ask));
        async move {
            // Who comes while it is being asked waits for that answer.
            let mut last = last.lock().await;
            if let Some((at, standing)) = &*last
                && at.elapsed() < fresh
            {
                return standing.clone();
            }
            let standing = ask().await;
            *last = Some((Instant::now(), standing.clone()));
            standing
        }
        .boxed()
    })
}

/// A time-stamping authority, and what its last answer was.
#[derive(Debug)]
pub(crate) struct Watched {
    inner: Arc<dyn Timestamper>,
    last: Mutex<Option<Refusal>>,
}

impl Watched {
    pub(crate) fn new(inner: Arc<dyn Timestamper>) -> Self {
        Self { inner, last: Mutex::default() }
    }

    /// Why its last answer was no good; `None` when it was, or nobody has asked yet.
    fn last_trouble(&self) -> Option<Refusal> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Timestamper for Watched {
    async fn timestamp(&self, signature_value: &[u8], algorithm: HashAlgorithm, now: OffsetDateTime) -> Result<Bytes, timestamp::Error> {
        let answer = self.inner.timestamp(signature_value, algorithm, now).await;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = answer.as_ref().err().map(timestamp::Error::to_refusal);
        answer
    }

    fn ready(&self) -> Result<(), timestamp::Error> {
        self.inner.ready()
    }
}

/// An answer is believed for so long.
const FRESH: Duration = Duration::from_secs(1);
/// How often gRPC's health is told.
const MIRRORED_EVERY: Duration = Duration::from_secs(2);
/// A worker that has not reported for so long is gone.
const HEARTBEAT_AGE_MAX: Duration = Duration::from_secs(10 * 60);
/// A certificate that ends within this is as good as ended: pushes are refused by then.
const ENDS_SOON: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use database::CredentialReport;
    use std::sync::atomic::{AtomicU32, Ordering};
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    fn worker(seconds_left: i64, trouble: Option<Refusal>, active: bool, age: u64) -> CredentialStatus {
        let end = NOW + time::Duration::seconds(seconds_left);
        let report = CredentialReport { worker: "w".into(), fingerprint: Some("AB".into()), not_after: Some(end), trouble };
        CredentialStatus { report, heartbeat: NOW, age: Duration::from_secs(age), active }
    }

    #[test]
    fn a_certificate_that_cannot_sign_is_named_with_its_code() {
        let of = |workers: &[CredentialStatus]| certificate_standing(workers, NOW);
        let named = |text: &str| Standing::Note(text.to_owned());
        assert_eq!(of(&[worker(301, None, true, 0)]), Standing::Good);
        assert_eq!(of(&[worker(300, None, true, 0)]), named("certificate_unusable: the signing certificate is about to expire"));
        assert_eq!(of(&[worker(0, None, true, 0)]), named("certificate_unusable: the signing certificate has expired"));
        assert_eq!(of(&[worker(301, None, false, 0)]), named("certificate_unusable: the signing certificate has been taken off the list"));
        let trouble = Refusal::new(Code::KeyUnavailable, "the key service does not answer");
        assert_eq!(of(&[worker(301, Some(trouble), true, 0)]), named("key_unavailable: the key service does not answer"));
        for nobody in [&[][..], &[worker(0, None, true, 601)][..]] {
            assert_eq!(of(nobody), named("no worker has said yet which certificate it signs with"));
        }
    }

    #[tokio::test]
    async fn a_store_that_takes_nothing_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(storage_standing(folder.path().to_owned()).await, Standing::Good);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let gone = storage_standing(folder.path().join("gone")).await;
        assert_eq!(gone, Standing::Failed(Refusal::new(Code::StorageUnavailable, "the package store takes nothing")));
    }

    #[test]
    fn what_is_our_fault_says_nothing_of_the_inside() {
        assert_eq!(note(&Refusal::new(Code::Internal, "/data/secret")), Standing::Note("internal: the log says more".to_owned()));
    }

    #[tokio::test]
    async fn an_answer_is_good_for_a_moment() {
        let asked = Arc::new(AtomicU32::new(0));
        let ask = |fresh| {
            let counter = Arc::clone(&asked);
            Health::new().with(check_every(fresh, "x", move || {
                counter.fetch_add(1, Ordering::SeqCst);
                async { Standing::Good }
            }))
        };
        let (rarely, always) = (ask(Duration::MAX), ask(Duration::ZERO));
        for _ in 0..3 {
            assert_eq!(rarely.ask().await, [("x", Standing::Good)]);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        for _ in 0..3 {
            assert_eq!(always.ask().await, [("x", Standing::Good)]);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 4);
    }

    #[derive(Debug)]
    struct Flaky(AtomicU32);

    #[async_trait]
    impl Timestamper for Flaky {
        async fn timestamp(&self, _: &[u8], _: HashAlgorithm, _: OffsetDateTime) -> Result<Bytes, timestamp::Error> {
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0 => Err(timestamp::Error::new("tsa.test", Code::TimestampUnreachable, "it cannot be reached")),
                _ => Ok(Bytes::new()),
            }
        }

        fn ready(&self) -> Result<(), timestamp::Error> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn one_failed_attempt_is_enough_to_be_named_and_one_that_works_to_be_forgotten() {
        let authority = Watched::new(Arc::new(Flaky(AtomicU32::new(0))));
        assert_eq!(authority.last_trouble(), None);
        authority.timestamp(b"v", HashAlgorithm::Sha256, NOW).await.unwrap_err();
        assert_eq!(authority.last_trouble().map(|t| t.code), Some(Code::TimestampUnreachable));
        authority.timestamp(b"v", HashAlgorithm::Sha256, NOW).await.unwrap();
        assert_eq!(authority.last_trouble(), None);
    }
}
