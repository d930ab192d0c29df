//! The blob store: what the rest of the house may do with stored packages.

use crate::local::{Adopted, Arrival, Local};
use crate::scratch::Scratch;
use crate::stream::{self, BlobStream};
use crate::{Error, ErrorKind, Hold, Pin, Spool, SpoolConfig, Spooled, StorageKey};
use bytes::Bytes;
use futures::TryStreamExt;
use model::{Digests, HashAlgorithm, Splice};
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

/// Where the store is.
#[derive(Debug, Clone)]
pub struct StorageConfig {
    /// The folder of blobs; made when missing.
    pub path: PathBuf,
    /// The spool.
    pub spool: SpoolConfig,
}

/// What is known of a stored blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobInfo {
    /// Its size in bytes.
    pub size: u64,
    /// Which bytes these are.
    pub pin: Pin,
}

/// A blob met while sweeping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its path.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written, linked, or adopted again, by the store's clock: a young one may be about to be named.
    pub changed: SystemTime,
}

/// A handle to the store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BlobStore {
    objects: Arc<dyn ObjectStore>,
    local: Arc<Local>,
    spool: Spool,
}

impl BlobStore {
    /// Opens (and makes) the folders, and removes what dead processes left on the spool.
    ///
    /// # Errors
    /// `Misconfigured` when the folders cannot be used, or spool and blobs are not on one filesystem.
    pub async fn open(config: StorageConfig) -> Result<Self, Error> {
        blocking(move || {
            let folder = &config.spool.folder;
            let unusable =
                |path: &std::path::Path| Error::new(ErrorKind::Misconfigured, format!("the folder {} cannot be used", path.display()));
            let scratch = Arc::new(Scratch::open(folder).map_err(|e| unusable(folder).with_source(e))?);
            let local = Arc::new(Local::open(&config.path, Arc::clone(&scratch))?);
            let objects = LocalFileSystem::new_with_prefix(&config.path).map_err(|e| unusable(&config.path).with_source(e))?;
            let spool = Spool::new(config.spool, scratch);
            Ok(Self { objects: Arc::new(objects), local, spool })
        })
        .await
    }

    /// The spool.
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Before a row is to name a blob: as long as what is returned is held, nobody takes that blob for nameless and deletes it.
    /// To be taken before the blob is adopted, and let go once the row is committed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn hold_to_name(&self, key: &StorageKey) -> Result<Hold, Error> {
        let (local, path) = (Arc::clone(&self.local), key.path());
        blocking(move || local.holds.to_name(&path)).await
    }

    /// Before it is looked whether any row names a blob, and the blob deleted when none does. `None` when somebody is about to name it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn hold_to_delete(&self, path: &str) -> Result<Option<Hold>, Error> {
        let (local, path) = (Arc::clone(&self.local), path.to_owned());
        blocking(move || local.holds.to_delete(&path)).await
    }

    /// Makes a spooled file the blob `key`, durably. A blob of that name that is there already is read: with the same bytes it stays,
    /// and its pin is the answer; with others it is not what its name says, and is replaced.
    ///
    /// # Errors
    /// `Unavailable` when the disk does not take it; `Changed` when the name is taken, and is not that of the spooled bytes.
    pub async fn adopt(&self, spooled: &Spooled, key: &StorageKey) -> Result<Adopted, Error> {
        self.adopt_again(spooled, key, None).await
    }

    /// The same where a row pins the blob as `known`: then it need not be read as long as it is that one.
    ///
    /// # Errors
    /// As [`Self::adopt`].
    pub async fn adopt_again(&self, spooled: &Spooled, key: &StorageKey, known: Option<&Pin>) -> Result<Adopted, Error> {
        let (local, file, path) = (Arc::clone(&self.local), Arc::clone(spooled.file()), spooled.path().to_owned());
        let (size, sha256, known, key) = (spooled.size(), spooled.digests().sha256(), known.cloned(), *key);
        blocking(move || local.adopt(&Arrival { file: &file, path: &path, size, sha256 }, known.as_ref(), &key)).await
    }

    /// When the blob was last written, linked, or adopted again; `None` when there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn changed_at(&self, path: &str) -> Result<Option<SystemTime>, Error> {
        let (local, path) = (Arc::clone(&self.local), path.to_owned());
        blocking(move || local.changed_at(&path)).await
    }

    /// What is stored at `path`; `None` when nothing is.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn head(&self, path: &str) -> Result<Option<BlobInfo>, Error> {
        let (local, path) = (Arc::clone(&self.local), path.to_owned());
        blocking(move || local.head(&path)).await
    }

    /// Bytes `range` of the blob: exactly those, or an error.
    ///
    /// # Errors
    /// `NotFound`; `Changed` when it is not the pinned blob or has no such range.
    pub async fn read_range(&self, path: &str, range: Range<u64>, pin: Option<&Pin>) -> Result<Bytes, Error> {
        let (local, path, pin) = (Arc::clone(&self.local), path.to_owned(), pin.cloned());
        blocking(move || {
            let source = local.open_blob(&path, pin.as_ref())?;
            let splice = splice_of(range);
            source.holds(&splice)?;
            stream::read(&source, &splice)
        })
        .await
    }

    /// The last `len` bytes (all of a shorter blob) and what is known of the blob.
    ///
    /// # Errors
    /// `NotFound`; `Changed` when it is not the pinned blob.
    pub async fn read_tail(&self, path: &str, len: u64, pin: Option<&Pin>) -> Result<(BlobInfo, Bytes), Error> {
        let (local, path, pin) = (Arc::clone(&self.local), path.to_owned(), pin.cloned());
        blocking(move || {
            let source = local.open_blob(&path, pin.as_ref())?;
            let size = source.info.size;
            let bytes = stream::read(&source, &splice_of(size.saturating_sub(len)..size))?;
            Ok((source.info, bytes))
        })
        .await
    }

    /// Streams `range` of a blob, cut off at its end.
    ///
    /// # Errors
    /// `NotFound`; `Changed` when it is not the pinned blob.
    pub async fn stream(&self, path: &str, range: Range<u64>, pin: Option<&Pin>) -> Result<BlobStream, Error> {
        let (local, path, pin) = (Arc::clone(&self.local), path.to_owned(), pin.cloned());
        let source = blocking(move || local.open_blob(&path, pin.as_ref())).await?;
        let end = range.end.min(source.info.size);
        BlobStream::of(source, splice_of(range.start.min(end)..end))
    }

    /// Streams a splice over the blob at `source`.
    ///
    /// # Errors
    /// `NotFound`; `Changed` when it is not the pinned blob or the splice does not fit it.
    pub async fn stream_splice(&self, source: &str, pin: &Pin, splice: Splice) -> Result<BlobStream, Error> {
        let (local, path, pin) = (Arc::clone(&self.local), source.to_owned(), pin.clone());
        let source = blocking(move || local.open_blob(&path, Some(&pin))).await?;
        BlobStream::of(source, splice)
    }

    /// Writes a splice over the blob at `source` as the blob `key`, durably; blob ranges are copied within the kernel.
    /// A blob of that name and size that is there already stays.
    ///
    /// # Errors
    /// `NotFound`; `Changed` when the source is not the pinned blob or the splice does not fit it; `Unavailable`.
    pub async fn write_back(&self, source: &str, pin: &Pin, splice: &Splice, key: &StorageKey) -> Result<BlobInfo, Error> {
        let (local, source, pin, splice, path) = (Arc::clone(&self.local), source.to_owned(), pin.clone(), splice.clone(), key.path());
        blocking(move || {
            let source = local.open_blob(&source, Some(&pin))?;
            local.write_back(&source, &splice, &path)
        })
        .await
    }

    /// Hashes a blob from end to end.
    ///
    /// # Errors
    /// `NotFound`; `Changed` when it is not the pinned blob, or changes meanwhile.
    pub async fn hash(&self, path: &str, pin: Option<&Pin>, algorithms: &[HashAlgorithm]) -> Result<(BlobInfo, Digests), Error> {
        let (local, path, pin, algorithms) = (Arc::clone(&self.local), path.to_owned(), pin.cloned(), algorithms.to_vec());
        blocking(move || {
            let source = local.open_blob(&path, pin.as_ref())?;
            let digests = source.hash(&algorithms)?;
            Ok((source.info, digests))
        })
        .await
    }

    /// Removes a blob; whether there was one.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn delete(&self, path: &str) -> Result<bool, Error> {
        let location = location(path)?;
        crate::failpoint::reach("storage.delete.before").map_err(|e| Error::io(format!("deleting {path}"), e))?;
        match self.objects.delete(&location).await {
            Ok(()) => {
                crate::failpoint::reach("storage.delete.done").map_err(|e| Error::io(format!("deleting {path}"), e))?;
                Ok(true)
            }
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(Error::new(ErrorKind::Unavailable, format!("deleting {path}")).with_source(error)),
        }
    }

    /// The blobs under `prefix` (`incoming` or `signed`), for sweeping.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, Error> {
        let prefix = location(prefix)?;
        let found: Vec<_> = self
            .objects
            .list(Some(&prefix))
            .try_collect()
            .await
            .map_err(|e| Error::new(ErrorKind::Unavailable, format!("listing {prefix}")).with_source(e))?;
        let local = Arc::clone(&self.local);
        blocking(move || {
            let mut listed = Vec::with_capacity(found.len());
            for meta in found {
                let path = meta.location.to_string();
                if let Some(changed) = local.changed_at(&path)? {
                    listed.push(Listed { path, size: meta.size, changed });
                }
            }
            Ok(listed)
        })
        .await
    }
}

fn splice_of(range: Range<u64>) -> Splice {
    let mut splice = Splice::new();
    splice.push_blob(range);
    splice
}

fn location(path: &str) -> Result<object_store::path::Path, Error> {
    object_store::path::Path::parse(path)
        .map_err(|e| Error::new(ErrorKind::Internal, format!("{path:?} is no path of a blob")).with_source(e))
}

/// Runs `work` where it may block.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_cancelled() => Err(Error::new(ErrorKind::Unavailable, "the process is stopping").with_source(error)),
        Err(error) => Err(Error::new(ErrorKind::Internal, "a task of the store panicked").with_source(error)),
    }
}
