//! What every request of front has at hand.

use crate::addresses::Addresses;
use crate::http::repository_signatures::LastGood;
use crate::waiting::{WaitLimits, Waiting};
use database::Database;
use model::{Clock, Refusal};
use std::sync::Arc;
use std::time::Duration;
use storage::BlobStore;
use tokio::sync::{Semaphore, SemaphorePermit};
use verification::TrustRoots;

/// What front goes by.
#[derive(Debug)]
pub struct FrontConfig {
    /// Where clients reach the feed.
    pub addresses: Addresses,
    /// Whether packages are signed; while they are not, they are served as they came.
    pub signing_enabled: bool,
    /// What a download gets while signing fails.
    pub on_failure: OnFailure,
    /// Whether clients can trust the feed's certificates.
    pub client_trust: ClientTrust,
    /// How long a download waits for the signature.
    pub sign_wait: Duration,
    /// How many may wait.
    pub wait_limits: WaitLimits,
    /// What VerifyPackage trusts.
    pub verify_roots: Arc<TrustRoots>,
    /// How many packages are verified at once.
    pub verify_concurrent: usize,
}

/// `Signing:OnFailure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// 503, and when to come again.
    Unavailable,
    /// As it came, with a warning. `allRepositorySigned` is false then, whatever the ledger says.
    ServeUnsigned,
}

/// Whether clients can trust the feed's certificates: without that, `allRepositorySigned` would fail their restores (NU3018).
#[derive(Debug)]
pub enum ClientTrust {
    /// The operator says so: `Feed:ClientsTrustCertificates`.
    Assured,
    /// Those whose chain ends in one of these: `Feed:TrustedRoots`.
    Roots(Arc<TrustRoots>),
    /// Nothing is known of the clients.
    Unknown,
}

/// The state of front. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FrontState(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: FrontConfig,
    database: Database,
    store: BlobStore,
    clock: Arc<dyn Clock>,
    waiting: Arc<Waiting>,
    last_good: LastGood,
    /// Places for registration documents in the making: each holds every nuspec of an id for a moment.
    registrations: Semaphore,
}

impl FrontState {
    /// A front over these.
    pub fn new(config: FrontConfig, database: Database, store: BlobStore, clock: Arc<dyn Clock>) -> Self {
        let waiting = Waiting::new(config.wait_limits);
        Self(Arc::new(Inner {
            config,
            database,
            store,
            clock,
            waiting,
            last_good: LastGood::default(),
            registrations: Semaphore::new(REGISTRATIONS_AT_ONCE),
        }))
    }

    pub(crate) fn config(&self) -> &FrontConfig {
        &self.0.config
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(crate) fn store(&self) -> &BlobStore {
        &self.0.store
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }

    pub(crate) fn waiting(&self) -> &Arc<Waiting> {
        &self.0.waiting
    }

    /// Waits for a place to make a registration document; the request's deadline bounds the wait.
    pub(crate) async fn registration_place(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.0.registrations.acquire().await.ok()
    }

    pub(crate) fn last_good(&self) -> &LastGood {
        &self.0.last_good
    }

    /// What a caller may read of a database error; the rest goes into the log, here and nowhere else.
    pub(crate) fn database_refusal(&self, error: &database::Error) -> Refusal {
        tracing::error!(code = %error.code(), error = %telemetry::chain(error), "the database failed a request");
        let reason = match error.kind().retry() {
            model::retry::Retry::Never => "an error of the server",
            _ => "the database does not answer; try again later",
        };
        Refusal::new(error.code(), reason)
    }

    /// What a caller may read of a storage error; the rest goes into the log.
    pub(crate) fn storage_refusal(&self, error: &storage::Error) -> Refusal {
        tracing::error!(code = %error.code(), error = %telemetry::chain(error), "the package store failed a request");
        error.to_refusal()
    }
}

/// Registration documents in the making at once; more wait.
const REGISTRATIONS_AT_ONCE: usize = 4;
