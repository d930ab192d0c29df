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
    let (store, database, grace) = (&worker.context.store, &worker.context.database, worker.context.config.orphan_grace);
    let is_old = |changed| worker.context.clock.now() - OffsetDateTime::from(changed) >= grace;
    let told = |error: &(dyn std::error::Error + 'static)| telemetry::chain(error);
    if !is_old(blob.changed) || database.names_blob(&blob.path).await.map_err(|e| told(&e))? {
        return Ok(());
    }
    // The list is as old as the sweep. Nobody names the blob while this is held; so now the look counts.
    let Some(hold) = store.hold_to_delete(&blob.path).await.map_err(|e| told(&e))? else { return Ok(()) };
    let changed = store.changed_at(&blob.path).await.map_err(|e| told(&e))?;
    if !changed.is_some_and(is_old) || database.names_blob(&blob.path).await.map_err(|e| told(&e))? {
        return Ok(());
    }
    if store.delete(&blob.path).await.map_err(|e| told(&e))? {
        tracing::info!(path = blob.path, bytes = blob.size, "deleted a blob that no row names");
    }
    drop(hold);
    Ok(())
}
