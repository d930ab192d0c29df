//! Deletes blobs that no row names, after a grace much longer than any push or lease.

use crate::Worker;
use storage::{Listed, StorageKey};
use time::OffsetDateTime;

pub(super) async fn sweep(worker: &Worker) {
    for prefix in [StorageKey::INCOMING, StorageKey::SIGNED] {
        let listed = match worker.context.store.list(prefix).await {
            Ok(listed) => listed,
            Err(error) => {
                tracing::warn!(prefix, "blobs could not be listed: {}", telemetry::chain(&error));
                continue;
            }
        };
        for blob in listed {
            if let Err(error) = look_at(worker, &blob).await {
                tracing::warn!(path = blob.path, "a blob could not be swept: {error}");
            }
        }
    }
}

/// Deletes one blob that has been an orphan for long.
async fn look_at(worker: &Worker, blob: &Listed) -> Result<(), String> {
    let age = worker.context.clock.now() - OffsetDateTime::from(blob.changed);
    let grace = worker.context.config.orphan_grace;
    if age < grace || worker.context.database.names_blob(&blob.path).await.map_err(|e| telemetry::chain(&e))? {
        return Ok(());
    }
    if worker.context.store.delete(&blob.path).await.map_err(|e| telemetry::chain(&e))? {
        tracing::info!(path = blob.path, bytes = blob.size, "deleted a blob that no row names");
    }
    Ok(())
}
