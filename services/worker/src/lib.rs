//! How packages get signed: the role that takes jobs, and the only one that uses keys.
//!
//! ```text
//! woken ─► claim (lease, attempt + 1) ─► tail of the pinned blob ─► plan ─► intent row ─► key ─► (value kept ─► time stamp)
//!       ─► verified ─► one transaction: signature kept, job signed ─► write-back ─► signed blob named
//! ```
//!
//! * [`driver`] takes jobs while there is room for them, and stops in good order.
//! * [`handler`] is one job from top to bottom; [`opened`] reads the package, [`publish`] writes what came of it.
//! * [`outcome`] turns every error into a verdict: again later, the package's fault, ours.
//! * [`credentials`] knows which certificate signs now, announces it before its first signature, and tells the others.
//! * [`housekeeping`] does what is due now and then; every replica may run it.
//!
//! Invariants: no transaction, lock or pooled connection is held while a key, an authority or the store is asked; nothing is
//! published but a [`verification::VerifiedSplice`], or a package that came with our own, fully verified signature; a key is
//! asked only after the intent is committed; every write has a named fail point (feature `failpoints`).

mod config;
mod credentials;
mod driver;
mod failpoint;
mod failure;
mod handler;
mod housekeeping;
mod kept;
mod measure;
mod opened;
mod outcome;
mod publish;
mod restored;

pub use config::{Rehash, WorkerConfig};
pub use failpoint::POINTS;

use certificates::Certificate;
use credentials::Credentials;
use database::Database;
use keys::KeyProvider;
use model::Clock;
use outcome::OwnFaults;
use queue::Queue;
use std::sync::Arc;
use storage::BlobStore;
use timestamp::Timestamper;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What a worker works with.
#[derive(Debug, Clone)]
pub struct WorkerContext {
    /// The catalogue.
    pub database: Database,
    /// The blobs.
    pub store: BlobStore,
    /// What wakes it.
    pub queue: Arc<dyn Queue>,
    /// Where certificate and key come from.
    pub keys: Arc<dyn KeyProvider>,
    /// The time-stamping authority; `None` when signatures are not to be stamped.
    pub timestamper: Option<Arc<dyn Timestamper>>,
    /// The roots that time stamps must lead to, for the last check before publishing.
    pub timestamp_roots: Arc<[Certificate]>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Everything that is configured.
    pub config: WorkerConfig,
}

/// Works until `stop` is cancelled: takes no new job then, finishes those in hand within the configured grace, and hands
/// the others back. The certificate is announced before the first job is taken.
pub async fn run(context: WorkerContext, stop: CancellationToken) {
    let worker = Arc::new(Worker { credentials: Credentials::new(&context), own_faults: OwnFaults::default(), context });
    if worker.context.config.ends_earlier_leases {
        failpoint::pass("worker.leases.before");
        let ended = worker.context.database.end_leases_of(&worker.context.config.name).await;
        failpoint::pass("worker.leases.ended");
        match ended {
            Ok(0) => {}
            Ok(ended) => tracing::info!(ended, "ended the leases of this worker's earlier life"),
            Err(error) => tracing::warn!("the leases of an earlier life could not be ended: {}", telemetry::chain(&error)),
        }
    }
    keys::warm_up().await;
    let mut tasks = JoinSet::new();
    tasks.spawn(credentials::keep_reporting(Arc::clone(&worker), stop.clone()));
    tasks.spawn(housekeeping::run(Arc::clone(&worker), stop.clone()));
    tasks.spawn(driver::run(worker, stop));
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!("a part of the worker ended by itself: {}", telemetry::chain(&error));
        }
    }
}

/// What all parts of a running worker share.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) context: WorkerContext,
    pub(crate) credentials: Credentials,
    pub(crate) own_faults: OwnFaults,
}
