//! Counts work that waits, and says when it has waited long. It mends nothing silently.

use crate::{Worker, measure};
use std::time::Duration;

/// A job that has waited this long is worth a person's look.
const LONG: Duration = Duration::from_secs(3600);

pub(super) async fn report(worker: &Worker) {
    let counts = match worker.context.database.job_counts().await {
        Ok(counts) => counts,
        Err(error) => return tracing::warn!("jobs could not be counted: {}", telemetry::chain(&error)),
    };
    for (lane, jobs) in &counts.pending {
        measure::pending(lane.as_str(), *jobs);
    }
    let oldest = counts.oldest_pending.unwrap_or_default();
    measure::oldest(oldest);
    if oldest > LONG {
        tracing::warn!(minutes = oldest.as_secs() / 60, "the oldest job has waited long");
    }
}
