//! Blob, then rows; and what is taken back when they do not come to be.

use crate::check::arrival_word;
use crate::receive::{SigningMode, database_refusal, store_refusal};
use crate::{Intake, failpoint};
use database::{Inserted, JobRecord, NewPackage};
use model::job::{JobId, Lane};
use model::{Code, Digests, PackageIdentity, Refusal};
use nuget_signature::plan::Arrival;
use std::hash::{DefaultHasher, Hash, Hasher};
use storage::{Adopted, Pin, Spooled, StorageKey};
use tokio::sync::MutexGuard;

/// A checked package.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) identity: PackageIdentity,
    pub(crate) nuspec: Vec<u8>,
    pub(crate) unsigned: Digests,
    pub(crate) arrival: Arrival,
    pub(crate) requested_by: Option<String>,
}

/// A recorded one.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) identity: PackageIdentity,
    pub(crate) job: JobRecord,
    /// Whether this push recorded it.
    pub(crate) new: bool,
}

impl Intake {
    /// Stores and records a checked package. Under the identity's lock, so that of two different packages that come at once under one
    /// identity the second is refused before it has a blob, and no blob is removed that another push has just found.
    pub(crate) async fn record(self, spooled: Spooled, arrived: Arrived) -> Result<Recorded, Refusal> {
        let inner = &*self.0;
        let received = spooled.digests().sha256();
        let _lock = self.lock(&arrived.identity).await;
        let found = inner.database.find(&arrived.identity).await.map_err(|e| database_refusal(&e))?;
        if let Some(found) = &found
            && found.package.holds_identity
            && found.package.received != received
        {
            remove(spooled).await;
            return Err(taken(&arrived.identity));
        }
        let key = StorageKey::Incoming(received);
        // Until the row is committed, no other process takes the blob for one that nobody names.
        let hold = inner.store.hold_to_name(&key).await.map_err(|e| store_refusal(&e))?;
        let known = found.filter(|found| found.package.received == received).map(|found| Pin::from_text(found.package.pin));
        let adopted = inner.store.adopt_again(&spooled, &key, known.as_ref()).await;
        let Adopted { pin, created } = adopted.map_err(|e| store_refusal(&e))?;
        let size = spooled.size();
        // From here on the bytes are the blob's; the spool is free for the next push.
        drop(spooled);
        failpoint::reach("intake.blob_stored")?;
        let (visible, lane) = match inner.config.signing {
            SigningMode::On => (false, Lane::Upload),
            SigningMode::Off => (true, Lane::Dormant),
        };
        let package = NewPackage {
            identity: arrived.identity.clone(),
            received,
            unsigned: arrived.unsigned,
            size,
            incoming: key.path(),
            pin: pin.as_str().to_owned(),
            arrival: arrival_word(arrived.arrival).to_owned(),
            nuspec: arrived.nuspec,
            visible,
            requested_by: arrived.requested_by,
        };
        let inserted = inner.database.insert_package(package, lane).await;
        drop(hold);
        failpoint::reach("intake.recorded")?;
        match inserted {
            Ok(Inserted::New(_, job)) => Ok(Recorded { identity: arrived.identity, job, new: true }),
            Ok(Inserted::Same(package, job)) => Ok(Recorded { identity: package.identity, job, new: false }),
            Ok(Inserted::Taken(_)) => {
                self.discard(&key.path(), created).await;
                Err(taken(&arrived.identity))
            }
            Err(error) => {
                self.discard(&key.path(), created).await;
                Err(database_refusal(&error))
            }
        }
    }

    /// Removes the rows of a job that was rejected within its push's wait, and the blob when nothing else names it.
    pub(crate) async fn forget_rejected(self, identity: PackageIdentity, job: JobId) -> Result<(), Refusal> {
        let inner = &*self.0;
        let _lock = self.lock(&identity).await;
        failpoint::reach("intake.rejected.before")?;
        let deleted = inner.database.delete_rejected(job).await.map_err(|e| database_refusal(&e))?;
        failpoint::reach("intake.rejected_deleted")?;
        if let Some(deleted) = deleted
            && !deleted.still_named
        {
            self.discard(&deleted.incoming, true).await;
        }
        Ok(())
    }

    /// Removes a blob that this push made and no row names. Where that cannot be found out, or fails, the blob is left for the sweep.
    async fn discard(&self, path: &str, created: bool) {
        if !created {
            return;
        }
        let left = |why: String| tracing::warn!(path, why, "the blob of a refused push is left for the sweep");
        let hold = match self.0.store.hold_to_delete(path).await {
            Ok(Some(hold)) => hold,
            Ok(None) => return left("somebody is about to name it".to_owned()),
            Err(error) => return left(telemetry::chain(&error)),
        };
        match self.0.database.names_blob(path).await {
            Ok(false) => {
                if let Err(error) = self.0.store.delete(path).await {
                    left(telemetry::chain(&error));
                }
            }
            Ok(true) => {}
            Err(error) => left(telemetry::chain(&error)),
        }
        drop(hold);
    }

    async fn lock(&self, identity: &PackageIdentity) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        (identity.id.to_lower(), identity.version.to_lower()).hash(&mut hasher);
        let locks = &self.0.identities;
        let number = hasher.finish() % locks.len() as u64;
        // A remainder of a usize fits into one.
        locks[usize::try_from(number).unwrap_or_default()].lock().await
    }
}

/// Removes a spooled file where it may block: that takes its time for a large one.
async fn remove(spooled: Spooled) {
    if let Err(error) = tokio::task::spawn_blocking(move || drop(spooled)).await {
        tracing::warn!(%error, "a spooled file could not be removed; the next start will");
    }
}

fn taken(identity: &PackageIdentity) -> Refusal {
    let reason = format!("{} {} exists already with other content", identity.id.as_str(), identity.version.normalized());
    Refusal::new(Code::IdentityTaken, reason)
}
