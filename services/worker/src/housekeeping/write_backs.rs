//! Signed files that are not written: their worker died, the store was away, or somebody lost them. No key is needed.

use super::pause;
use crate::{Worker, failpoint};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Written at once, by each worker.
const AT_ONCE: u32 = 8;
const WAIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_secs(2);

pub(super) async fn run(worker: Arc<Worker>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = turn(&worker) => {}
            // What was claimed and is not written is free again when its claim ends.
            () = stop.cancelled() => return,
        }
    }
}

async fn turn(worker: &Arc<Worker>) {
    let (database, config) = (&worker.context.database, &worker.context.config);
    match database.wait_for_write_backs(WAIT).await {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => {
            tracing::warn!("write-backs could not be looked for: {}", telemetry::chain(&error));
            return tokio::time::sleep(PAUSE).await;
        }
    }
    let lease = config.write_back_deadline + config.commit_deadline;
    failpoint::pass("worker.claim_write_backs.before");
    let claimed = database.claim_write_backs(AT_ONCE, lease, &config.name).await;
    failpoint::pass("worker.claim_write_backs.committed");
    let claimed = match claimed {
        Ok(claimed) => claimed,
        Err(error) => {
            tracing::warn!("write-backs could not be claimed: {}", telemetry::chain(&error));
            return tokio::time::sleep(PAUSE).await;
        }
    };
    let mut writing = JoinSet::new();
    for found in claimed {
        let worker = Arc::clone(worker);
        writing.spawn(async move { worker.publish_splice(&found.package, found.p7s_sha256, &found.splice).await });
    }
    while let Some(ended) = writing.join_next().await {
        if let Err(error) = ended {
            tracing::error!("a write-back ended by itself: {}", telemetry::chain(&error));
            pause(PAUSE, &CancellationToken::new()).await;
        }
    }
}
