//! What is due now and then. Each task can be done twice without harm, so every replica runs them all.

mod orphan_blobs;
mod stuck_jobs;
mod write_backs;

use crate::Worker;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const COUNTS_EVERY: Duration = Duration::from_secs(10);

/// Runs every task until `stop`.
pub(crate) async fn run(worker: Arc<Worker>, stop: CancellationToken) {
    let mut tasks = JoinSet::new();
    tasks.spawn(write_backs::run(Arc::clone(&worker), stop.clone()));
    tasks.spawn(count_jobs(Arc::clone(&worker), stop.clone()));
    tasks.spawn(sweep(worker, stop));
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!("a housekeeping task ended by itself: {}", telemetry::chain(&error));
        }
    }
}

async fn count_jobs(worker: Arc<Worker>, stop: CancellationToken) {
    while pause(COUNTS_EVERY, &stop).await {
        stuck_jobs::report(&worker).await;
    }
}

async fn sweep(worker: Arc<Worker>, stop: CancellationToken) {
    while pause(worker.context.config.sweep_every, &stop).await {
        tokio::select! {
            () = orphan_blobs::sweep(&worker) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// False when it is time to stop.
async fn pause(time: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = tokio::time::sleep(time) => true,
        () = stop.cancelled() => false,
    }
}
