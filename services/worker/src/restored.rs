//! A blob that is another version than was recorded, with the same content: a data folder restored from a backup has only those.

use crate::failure::Failure;
use crate::{Worker, failpoint};
use database::PackageRecord;
use storage::ErrorKind;

impl Failure {
    /// Whether the store said that the blob is not the pinned version.
    pub(crate) fn is_another_version(&self) -> bool {
        matches!(self, Self::Store(error) if error.kind() == ErrorKind::Changed)
    }
}

impl Worker {
    /// Reads the blob once. When its digest is the recorded one, the version that is there now is recorded, in `package` too, and the
    /// answer is true: what failed can be done again. Anything else stays as it is.
    pub(crate) async fn restored(&self, package: &mut PackageRecord) -> bool {
        let found = self.context.store.hash(&package.incoming, None, &[]).await;
        let pin = match found {
            Ok((info, digests)) if digests.sha256() == package.received => info.pin,
            Ok(_) => return false,
            Err(error) => {
                tracing::warn!(blob = %package.incoming, "a blob that is not the pinned version could not be read: {}", telemetry::chain(&error));
                return false;
            }
        };
        failpoint::pass("worker.repin.before");
        let repinned = self.context.database.repin(package.key, package.received, pin.as_str()).await;
        failpoint::pass("worker.repin.committed");
        match repinned {
            Ok(recorded) => {
                tracing::warn!(blob = %package.incoming, "a blob was another version with the same content; its pin is recorded anew");
                pin.as_str().clone_into(&mut package.pin);
                recorded
            }
            Err(error) => {
                tracing::warn!(blob = %package.incoming, "a pin could not be recorded: {}", telemetry::chain(&error));
                false
            }
        }
    }
}
