//! Taking one package, from its first byte to the receipt.

use crate::check::{Archive, Checked, Policy};
use crate::record::Arrived;
use crate::{Caller, Receipt, ReceiptState, credential, failpoint};
use bytes::Bytes;
use database::Database;
use futures::{Stream, StreamExt};
use model::digest::HashAlgorithm;
use model::job::JobState;
use model::{Clock, Code, Digest, Refusal};
use nuget_signature::plan::UpstreamSignature;
use std::sync::Arc;
use std::time::Duration;
use storage::{BlobStore, Spooled};
use telemetry::names;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Whether arrivals are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningMode {
    /// They are, and visible once they are.
    On,
    /// They are not: visible as they came, their jobs dormant.
    Off,
}

/// What intake goes by.
#[derive(Debug, Clone)]
pub struct IntakeConfig {
    /// Limits on what is in a package.
    pub limits: nupkg::Limits,
    /// What happens with a foreign repository signature. With signing off none is cut out, and so none is refused.
    pub upstream: UpstreamSignature,
    /// Whether arrivals are signed.
    pub signing: SigningMode,
    /// The algorithm that we sign with; the unsigned form's digest is recorded in it too.
    pub algorithm: HashAlgorithm,
    /// How long a push waits for its signature before it is answered as accepted.
    pub push_waits: Duration,
    /// Longest time in which an upload must have arrived.
    pub arrives_within: Duration,
}

/// The one way in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Intake(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: BlobStore,
    pub(crate) database: Database,
    pub(crate) config: IntakeConfig,
    clock: Arc<dyn Clock>,
    /// One push at a time stores and records under one identity; identities share locks by chance.
    pub(crate) identities: Vec<Mutex<()>>,
}

impl Intake {
    /// An intake over these.
    pub fn new(store: BlobStore, database: Database, config: IntakeConfig, clock: Arc<dyn Clock>) -> Self {
        let identities = std::iter::repeat_with(Mutex::default).take(IDENTITY_LOCKS).collect();
        Self(Arc::new(Inner { store, database, config, clock, identities }))
    }

    /// Most bytes of one package.
    pub fn max_package_bytes(&self) -> u64 {
        self.0.store.spool().config().max_package_bytes
    }

    /// Longest time in which an upload must have arrived.
    pub fn arrives_within(&self) -> Duration {
        self.0.config.arrives_within
    }

    /// Takes one package. An item that is an error (the connection broke, the form is malformed) ends the push with it.
    ///
    /// Dropped while the package comes in or is checked, it leaves nothing; once the package is being recorded, that is carried to its
    /// end all the same.
    ///
    /// # Errors
    /// Why the package was not taken; nothing of it is left then.
    pub async fn receive<S>(&self, body: S, caller: &Caller) -> Result<Receipt, Refusal>
    where
        S: Stream<Item = Result<Bytes, Refusal>> + Send + Unpin,
    {
        let result = self.take(body, caller).await;
        let outcome = match &result {
            Ok(receipt) => receipt.state.as_str(),
            Err(refusal) => refusal.code.as_str(),
        };
        metrics::counter!(names::PUSHES, "outcome" => outcome).increment(1);
        metrics::gauge!(names::SPOOL_BYTES).set(self.0.store.spool().used_bytes() as f64);
        match &result {
            Ok(receipt) => tracing::info!(
                package.id = receipt.identity.id.as_str(),
                package.version = receipt.identity.version.as_str(),
                new = receipt.new,
                outcome,
                "a package was pushed"
            ),
            Err(refusal) => tracing::info!(code = outcome, reason = %refusal, "a push was refused"),
        }
        result
    }

    async fn take<S>(&self, body: S, caller: &Caller) -> Result<Receipt, Refusal>
    where
        S: Stream<Item = Result<Bytes, Refusal>> + Send + Unpin,
    {
        let inner = &self.0;
        if inner.config.signing == SigningMode::On {
            let workers = inner.database.credential_status().await.map_err(|e| database_refusal(&e))?;
            credential::check(&workers, inner.clock.now())?;
        }
        let spooled = self.spool(body).await?;
        let (spooled, archive) = off_thread(spooled, {
            let limits = inner.config.limits.clone();
            move |spooled| {
                let file = spooled.file().try_clone().map_err(|e| storage_refusal(&e))?;
                Archive::open(file, &limits)
            }
        })
        .await?;
        let active = if archive.has_repository_signature() && inner.config.signing == SigningMode::On {
            self.active_certificates().await?
        } else {
            Vec::new()
        };
        let upstream = match inner.config.signing {
            SigningMode::On => inner.config.upstream,
            SigningMode::Off => UpstreamSignature::ReSign,
        };
        let (algorithm, now) = (inner.config.algorithm, inner.clock.now());
        let (spooled, (identity, nuspec, checked)) = off_thread(spooled, move |spooled| {
            let (identity, nuspec) = (archive.identity.clone(), archive.nuspec.clone());
            let Checked { unsigned, arrival } = archive.check(spooled.digests(), &Policy { upstream, active: &active, algorithm, now })?;
            Ok((identity, nuspec, (unsigned, arrival)))
        })
        .await?;
        failpoint::reach("intake.checked")?;
        let (unsigned, arrival) = checked;
        let arrived = Arrived { identity, nuspec, unsigned, arrival, requested_by: caller.name.clone() };
        // A client that goes away must not leave a blob without its row.
        let recording = tokio::spawn(self.clone().record(spooled, arrived));
        let recorded = recording.await.map_err(|error| {
            tracing::error!(%error, "recording a package ended early");
            Refusal::new(Code::Internal, "the package could not be recorded")
        })??;
        self.wait(recorded, caller.wait.unwrap_or(inner.config.push_waits)).await
    }

    async fn spool<S>(&self, mut body: S) -> Result<Spooled, Refusal>
    where
        S: Stream<Item = Result<Bytes, Refusal>> + Send + Unpin,
    {
        let mut spooling = self.0.store.spool().begin(&[self.0.config.algorithm]).map_err(|e| store_refusal(&e))?;
        let end = Instant::now() + self.0.config.arrives_within;
        let slow = |_elapsed| Refusal::new(Code::DeadlineExceeded, "the upload took too long to arrive");
        while let Some(bytes) = tokio::time::timeout_at(end, body.next()).await.map_err(slow)? {
            spooling.write(bytes?).await.map_err(|e| store_refusal(&e))?;
        }
        let spooled = spooling.finish().await.map_err(|e| store_refusal(&e))?;
        if spooled.size() == 0 {
            return Err(Refusal::new(Code::PackageEmpty, "the upload has no bytes"));
        }
        Ok(spooled)
    }

    async fn active_certificates(&self) -> Result<Vec<Digest>, Refusal> {
        let active = self.0.database.active_certificates().await.map_err(|e| database_refusal(&e))?;
        Ok(active.iter().filter_map(|certificate| Digest::from_hex(HashAlgorithm::Sha256, &certificate.fingerprint)).collect())
    }

    /// Waits for the signature. A package that is rejected meanwhile is refused as if it had been checked here, and leaves nothing.
    async fn wait(&self, recorded: crate::record::Recorded, wait: Duration) -> Result<Receipt, Refusal> {
        let crate::record::Recorded { identity, job, new } = recorded;
        if self.0.config.signing == SigningMode::Off {
            return Ok(Receipt::of(identity, ReceiptState::Signed, new));
        }
        let job = if job.state == JobState::Pending && !wait.is_zero() {
            let deadline = tokio::time::Instant::now() + wait;
            match self.0.database.wait_for_change(job.id, deadline).await {
                Ok(job) => job,
                Err(error) if error.kind() == database::ErrorKind::NotFound => {
                    // Another push of the same bytes took the rejection, and the rows with it.
                    return Err(Refusal::new(
                        Code::SigningFailed,
                        "the package was refused while it was being signed; push it again to see why",
                    ));
                }
                Err(error) => {
                    // It is recorded all the same; where it stands can be asked for.
                    tracing::warn!(error = telemetry::chain(&error), "a push cannot wait for its signature");
                    job
                }
            }
        } else {
            job
        };
        match job.state {
            JobState::Signed => Ok(Receipt::of(identity, ReceiptState::Signed, new)),
            JobState::Pending | JobState::Failed => Ok(Receipt::of(identity, ReceiptState::Accepted, new)),
            JobState::Rejected => {
                let cleaning = tokio::spawn(self.clone().forget_rejected(identity, job.id));
                cleaning.await.map_err(|error| {
                    tracing::error!(%error, "cleaning up after a rejected push ended early");
                    Refusal::new(Code::Internal, "the package could not be recorded")
                })??;
                Err(job.refusal.unwrap_or_else(|| Refusal::new(Code::SigningFailed, "the package cannot be signed")))
            }
        }
    }
}

/// Runs `work` on the spooled package where it may block. A refused package is removed there too: that takes its time for a large one.
async fn off_thread<T, W>(spooled: Spooled, work: W) -> Result<(Spooled, T), Refusal>
where
    T: Send + 'static,
    W: FnOnce(&Spooled) -> Result<T, Refusal> + Send + 'static,
{
    let span = tracing::Span::current();
    let task = tokio::task::spawn_blocking(move || span.in_scope(|| work(&spooled).map(|result| (spooled, result))));
    task.await.unwrap_or_else(|error| {
        tracing::error!(%error, "checking a package ended early");
        Err(Refusal::new(Code::Internal, "the package could not be checked"))
    })
}

/// What a caller may read of an error of the store; the rest is logged here, where it is handled.
pub(crate) fn store_refusal(error: &storage::Error) -> Refusal {
    if error.kind() != storage::ErrorKind::Refused {
        tracing::error!(error = telemetry::chain(error), "the package store failed a push");
    }
    error.to_refusal()
}

fn storage_refusal(error: &std::io::Error) -> Refusal {
    tracing::error!(%error, "a spooled package cannot be opened again");
    Refusal::new(Code::StorageUnavailable, "the package store does not answer; try again later")
}

/// What a caller may read of an error of the database; the rest is logged here, where it is handled.
pub(crate) fn database_refusal(error: &database::Error) -> Refusal {
    tracing::error!(error = telemetry::chain(error), "the database failed a push");
    let (code, reason) = match error.code() {
        Code::DeadlineExceeded => (Code::DatabaseUnavailable, "the database did not answer in time; push the package again"),
        code @ Code::DatabaseUnavailable => (code, "the database does not answer; try again later"),
        _ => (Code::Internal, "the database failed"),
    };
    Refusal::new(code, reason)
}

/// How many identities can be recorded under at once, collisions apart.
const IDENTITY_LOCKS: usize = 1024;
