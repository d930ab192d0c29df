//! The blob store: what the rest of the house may do with stored packages.
use crate::{BlobStream, Error, Pin, Spool, SpoolConfig, Spooled, StorageKey};
use bytes::Bytes;
use model::{Digests, HashAlgorithm, Splice};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

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
    /// How long ago it was last written, linked or adopted again.
    pub age: Duration,
}

/// A handle to the store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BlobStore {}

impl BlobStore {
    /// Opens (and makes) the folders, and removes what dead processes left on the spool.
    pub async fn open(config: StorageConfig) -> Result<Self, Error> {
        let _ = config;
        unimplemented!()
    }
    /// The spool.
    pub fn spool(&self) -> &Spool {
        unimplemented!()
    }
    /// Makes a spooled file the blob `key`, durably. A blob of that name that is there already stays, and its pin is the answer.
    pub async fn adopt(&self, spooled: &Spooled, key: &StorageKey) -> Result<Pin, Error> {
        let _ = (spooled, key);
        unimplemented!()
    }
    /// What is stored at `path`; `None` when nothing is.
    pub async fn head(&self, path: &str) -> Result<Option<BlobInfo>, Error> {
        let _ = path;
        unimplemented!()
    }
    /// Bytes `range` of the blob: exactly those, or an error.
    pub async fn read_range(&self, path: &str, range: Range<u64>, pin: Option<&Pin>) -> Result<Bytes, Error> {
        let _ = (path, range, pin);
        unimplemented!()
    }
    /// The last `len` bytes (all of a shorter blob) and what is known of the blob.
    pub async fn read_tail(&self, path: &str, len: u64, pin: Option<&Pin>) -> Result<(BlobInfo, Bytes), Error> {
        let _ = (path, len, pin);
        unimplemented!()
    }
    /// Streams `range` of a blob, cut off at its end.
    pub async fn stream(&self, path: &str, range: Range<u64>, pin: Option<&Pin>) -> Result<BlobStream, Error> {
        let _ = (path, range, pin);
        unimplemented!()
    }
    /// Streams a splice over the blob at `source`.
    pub async fn stream_splice(&self, source: &str, pin: &Pin, splice: Splice) -> Result<BlobStream, Error> {
        let _ = (source, pin, splice);
        unimplemented!()
    }
    /// Writes a splice over the blob at `source` as the blob `key`, durably; blob ranges are copied within the kernel.
    /// A blob of that name and size that is there already stays.
    pub async fn write_back(&self, source: &str, pin: &Pin, splice: &Splice, key: &StorageKey) -> Result<BlobInfo, Error> {
        let _ = (source, pin, splice, key);
        unimplemented!()
    }
    /// Hashes a blob from end to end.
    pub async fn hash(&self, path: &str, pin: Option<&Pin>, algorithms: &[HashAlgorithm]) -> Result<(BlobInfo, Digests), Error> {
        let _ = (path, pin, algorithms);
        unimplemented!()
    }
    /// Removes a blob; whether there was one.
    pub async fn delete(&self, path: &str) -> Result<bool, Error> {
        let _ = path;
        unimplemented!()
    }
    /// The blobs under `prefix` (`incoming` or `signed`), for sweeping.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, Error> {
        let _ = prefix;
        unimplemented!()
    }
}
