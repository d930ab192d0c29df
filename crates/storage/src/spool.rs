//! Uploads on their way in: streamed to disk while they are hashed and counted.
use crate::Error;
use bytes::Bytes;
use model::{Digests, HashAlgorithm};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The spool's limits and place.
#[derive(Debug, Clone)]
pub struct SpoolConfig {
    /// The folder; on the same filesystem as the blobs, so that adopting a file copies nothing.
    pub folder: PathBuf,
    /// Most bytes of one upload; one more is `package_too_large`.
    pub max_package_bytes: u64,
    /// Most bytes of all uploads together; one more is `spool_full`.
    pub max_total_bytes: u64,
    /// Most uploads at once; one more is `too_many_pushes`.
    pub max_uploads: usize,
}

/// The spool. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Spool {}

/// An upload that is still coming in. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct Spooling {}

/// A whole upload on disk. Dropped, it is removed (an adopted one lives on as a blob).
#[derive(Debug)]
pub struct Spooled {}

impl Spool {
    /// The limits it was opened with.
    pub fn config(&self) -> &SpoolConfig {
        unimplemented!()
    }
    /// Begins an upload; it is hashed by SHA-256 and by `algorithms`.
    pub fn begin(&self, algorithms: &[HashAlgorithm]) -> Result<Spooling, Error> {
        let _ = algorithms;
        unimplemented!()
    }
    /// Bytes of uploads on disk or in memory now.
    pub fn used_bytes(&self) -> u64 {
        unimplemented!()
    }
}
impl Spooling {
    /// Takes the next bytes.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        let _ = bytes;
        unimplemented!()
    }
    /// Ends the upload.
    pub async fn finish(self) -> Result<Spooled, Error> {
        unimplemented!()
    }
}
impl Spooled {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        unimplemented!()
    }
    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        unimplemented!()
    }
    /// Its digests.
    pub fn digests(&self) -> &Digests {
        unimplemented!()
    }
    /// The open file.
    pub fn file(&self) -> &Arc<File> {
        unimplemented!()
    }
}
