//! Uploads on their way in: streamed to disk while they are hashed and counted.
//!
//! A small upload is held until it is whole, then written and hashed in one go off the async threads. A large one goes to disk in
//! batches: while one is written and hashed, the next comes in. No thread waits for a slow client, and no upload holds more than
//! about twice a batch.

use crate::failpoint::reach;
use crate::scratch::{Scratch, ScratchFile};
use crate::{Error, ErrorKind};
use bytes::Bytes;
use model::digest::MultiHasher;
use model::{Code, Digests, HashAlgorithm};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

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
pub struct Spool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: SpoolConfig,
    scratch: Arc<Scratch>,
    used: AtomicU64,
    places: Arc<Semaphore>,
}

/// An upload that is still coming in. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct Spooling {
    spool: Spool,
    share: Share,
    algorithms: Vec<HashAlgorithm>,
    /// What has come and is not handed to the writer yet.
    batch: Vec<u8>,
    writing: Writing,
}

/// Where the file of an upload is.
#[derive(Debug)]
enum Writing {
    /// All of it fits in the batch so far.
    NotBegun,
    /// A batch is being written and hashed.
    Busy(JoinHandle<Result<Writer, Error>>),
    /// The last batch failed.
    Broken,
}

#[derive(Debug)]
struct Writer {
    name: ScratchFile,
    file: File,
    hasher: MultiHasher,
    /// The emptied batch, to be filled again.
    batch: Vec<u8>,
}

/// A whole upload on disk. Dropped, it is removed (an adopted one lives on as a blob).
#[derive(Debug)]
pub struct Spooled {
    name: ScratchFile,
    file: Arc<File>,
    digests: Digests,
    share: Share,
}

/// An upload's place and its bytes of the total, given back when dropped.
#[derive(Debug)]
struct Share {
    spool: Spool,
    bytes: u64,
    _place: OwnedSemaphorePermit,
}

impl Spool {
    pub(crate) fn new(config: SpoolConfig, scratch: Arc<Scratch>) -> Self {
        let places = Arc::new(Semaphore::new(config.max_uploads.min(Semaphore::MAX_PERMITS)));
        Self(Arc::new(Inner { config, scratch, used: AtomicU64::new(0), places }))
    }

    /// The limits it was opened with.
    pub fn config(&self) -> &SpoolConfig {
        &self.0.config
    }

    /// Bytes of uploads on disk or in memory now.
    pub fn used_bytes(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Begins an upload; it is hashed by SHA-256 and by `algorithms`.
    ///
    /// # Errors
    /// `Refused` with `too_many_pushes`.
    pub fn begin(&self, algorithms: &[HashAlgorithm]) -> Result<Spooling, Error> {
        let place = Arc::clone(&self.0.places).try_acquire_owned().map_err(|e| {
            Error::refused(
                Code::TooManyPushes,
                format!("{} packages are being pushed already; try again shortly", self.config().max_uploads),
            )
            .with_source(e)
        })?;
        Ok(Spooling {
            spool: self.clone(),
            share: Share { spool: self.clone(), bytes: 0, _place: place },
            algorithms: algorithms.to_vec(),
            batch: Vec::new(),
            writing: Writing::NotBegun,
        })
    }
}

impl Spooling {
    /// Takes the next bytes. After an error the upload is of no use any more.
    ///
    /// # Errors
    /// `Refused` with `package_too_large` or `spool_full`; `Unavailable` when the disk does not take them.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), Error> {
        self.share.take(bytes.len() as u64)?;
        while !bytes.is_empty() {
            let part = bytes.split_to(bytes.len().min(BATCH_BYTES - self.batch.len()));
            self.batch.extend_from_slice(&part);
            if self.batch.len() == BATCH_BYTES {
                self.hand_over().await?;
            }
        }
        Ok(())
    }

    /// Ends the upload.
    ///
    /// # Errors
    /// `Unavailable` when the disk does not take it.
    pub async fn finish(mut self) -> Result<Spooled, Error> {
        self.hand_over().await?;
        let writer = self.settled().await?;
        let writer = writer.ok_or_else(|| Error::new(ErrorKind::Internal, "an upload ended without a file"))?;
        reach("storage.spool.written").map_err(|e| Error::io("writing to the spool", e))?;
        Ok(Spooled { name: writer.name, file: Arc::new(writer.file), digests: writer.hasher.finish(), share: self.share })
    }

    /// Gives the batch to the writer, once it is through with the one before.
    async fn hand_over(&mut self) -> Result<(), Error> {
        let mut writer = self.settled().await?;
        let emptied = writer.as_mut().map(|writer| std::mem::take(&mut writer.batch)).unwrap_or_default();
        let batch = std::mem::replace(&mut self.batch, emptied);
        let (scratch, algorithms) = (Arc::clone(&self.spool.0.scratch), self.algorithms.clone());
        let work = move || {
            let failed = |e| Error::io("writing to the spool", e);
            let mut writer = match writer {
                Some(writer) => writer,
                None => {
                    let (name, file) = scratch.create().map_err(failed)?;
                    reach("storage.spool.made").map_err(failed)?;
                    Writer { name, file, hasher: MultiHasher::new(&algorithms), batch: Vec::new() }
                }
            };
            writer.file.write_all(&batch).map_err(failed)?;
            writer.hasher.update(&batch);
            writer.batch = batch;
            writer.batch.clear();
            Ok(writer)
        };
        self.writing = Writing::Busy(tokio::task::spawn_blocking(work));
        Ok(())
    }

    /// Waits for the writer; `None` when there is none yet.
    async fn settled(&mut self) -> Result<Option<Writer>, Error> {
        match std::mem::replace(&mut self.writing, Writing::Broken) {
            Writing::NotBegun => Ok(None),
            Writing::Broken => Err(Error::new(ErrorKind::Internal, "an upload went on after an error")),
            Writing::Busy(task) => {
                let writer =
                    task.await.map_err(|e| Error::new(ErrorKind::Unavailable, "writing to the spool was stopped").with_source(e))?;
                writer.map(Some)
            }
        }
    }
}

impl Spooled {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.name.path()
    }

    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.share.bytes
    }

    /// Its digests.
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// The open file.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }
}

impl Share {
    /// Takes `added` more bytes, unless that is over a limit.
    fn take(&mut self, added: u64) -> Result<(), Error> {
        let config = self.spool.config();
        if self.bytes.checked_add(added).is_none_or(|bytes| bytes > config.max_package_bytes) {
            return Err(Error::refused(Code::PackageTooLarge, format!("the package has more than {} bytes", config.max_package_bytes)));
        }
        let within = |used: u64| used.checked_add(added).filter(|used| *used <= config.max_total_bytes);
        if self.spool.0.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_err() {
            return Err(Error::refused(Code::SpoolFull, "too many bytes are being pushed already; try again later"));
        }
        self.bytes += added;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.spool.0.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// How much goes to disk at a time.
const BATCH_BYTES: usize = 256 * 1024;
