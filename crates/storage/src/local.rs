//! The local filesystem's own ways, which no general interface has: hard links, copies within the kernel, reads from an open file.
//! Everything here blocks.

use crate::failpoint::reach;
use crate::folder_sync::FolderSync;
use crate::hold::Holds;
use crate::scratch::{Scratch, ScratchFile};
use crate::stream::CHUNK_BYTES;
use crate::{BlobInfo, Error, ErrorKind, Pin, StorageKey};
use model::digest::MultiHasher;
use model::{Digest, Digests, HashAlgorithm, Segment, Splice};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The folder of blobs, and a scratch folder on the same filesystem.
#[derive(Debug)]
pub(crate) struct Local {
    root: PathBuf,
    scratch: Arc<Scratch>,
    pub(crate) holds: Holds,
    incoming: FolderSync,
    signed: FolderSync,
}

/// An open blob and what it was when it was opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) info: BlobInfo,
    path: String,
}

/// A blob that was adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// Which bytes these are.
    pub pin: Pin,
    /// Whether the name is new; otherwise the bytes were there.
    pub created: bool,
}

/// A whole upload on the spool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) file: &'a File,
    pub(crate) path: &'a Path,
    pub(crate) size: u64,
    pub(crate) sha256: Digest,
}

impl Local {
    /// Makes the folders and tries that a file of the spool can be linked among the blobs.
    pub(crate) fn open(root: &Path, scratch: Arc<Scratch>) -> Result<Self, Error> {
        let misconfigured = |folder: &Path, e| {
            Error::new(ErrorKind::Misconfigured, format!("the folder {} cannot be made", folder.display())).with_source(e)
        };
        let made = |folder: &Path| make_folder(folder).map_err(|e| misconfigured(folder, e));
        let (incoming, signed) = (root.join(StorageKey::INCOMING), root.join(StorageKey::SIGNED));
        made(&incoming)?;
        made(&signed)?;
        let holds = Holds::open(root.join("locks")).map_err(|e| misconfigured(&root.join("locks"), e))?;
        let (probe, _) = scratch.create().map_err(|e| Error::io("making a file on the spool", e))?;
        // Among the blobs: what a process leaves that is killed here is swept as they are.
        let linked = incoming.join("link-probe").with_extension(format!("{}", std::process::id()));
        let tried = fs::hard_link(probe.path(), &linked);
        reach("storage.open.probed").map_err(|e| Error::io("trying to link a file of the spool", e))?;
        // One that is there already has the same name only when its process's number came again.
        let _ = fs::remove_file(&linked);
        if let Err(error) = tried
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            let said = "files of the spool cannot be linked among the blobs: both must be on one filesystem that has hard links";
            return Err(Error::new(ErrorKind::Misconfigured, said).with_source(error));
        }
        Ok(Self { root: root.to_owned(), scratch, holds, incoming: FolderSync::new(incoming), signed: FolderSync::new(signed) })
    }

    /// Where `path` lies; a path that would lead out of the store is refused.
    pub(crate) fn place(&self, path: &str) -> Result<PathBuf, Error> {
        let parsed = object_store::path::Path::parse(path)
            .map_err(|e| Error::new(ErrorKind::Internal, format!("{path:?} is no path of a blob")).with_source(e))?;
        Ok(self.root.join(parsed.as_ref()))
    }

    /// Opens a blob, which must be the pinned one.
    pub(crate) fn open_blob(&self, path: &str, pin: Option<&Pin>) -> Result<Opened, Error> {
        let failed = |e| Error::io(format!("opening {path}"), e);
        let file = File::open(self.place(path)?).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(Error::new(ErrorKind::NotFound, format!("{path} is no file")));
        }
        let opened = Opened { file, info: BlobInfo { size: metadata.len(), pin: Pin::of(&metadata) }, path: path.to_owned() };
        if pin.is_some_and(|pin| *pin != opened.info.pin) {
            return Err(opened.changed());
        }
        Ok(opened)
    }

    /// What is at `path`.
    pub(crate) fn head(&self, path: &str) -> Result<Option<BlobInfo>, Error> {
        match fs::metadata(self.place(path)?) {
            Ok(metadata) if metadata.is_file() => Ok(Some(BlobInfo { size: metadata.len(), pin: Pin::of(&metadata) })),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(format!("looking at {path}"), error)),
        }
    }

    /// Gives a spooled file the name `path`, durably; see [`crate::BlobStore::adopt`].
    pub(crate) fn adopt(&self, arrival: &Arrival<'_>, known: Option<&Pin>, key: &StorageKey) -> Result<Adopted, Error> {
        let path = &*key.path();
        let place = self.place(path)?;
        let failed = |what: &'static str| move |e| Error::io(format!("{what} {path}"), e);
        let created = match self.head(path)? {
            Some(_) => false,
            None => {
                arrival.file.sync_all().map_err(failed("syncing what becomes"))?;
                reach("storage.adopt.synced").map_err(failed("syncing what becomes"))?;
                link_new(arrival.path, &place).map_err(failed("linking"))?
            }
        };
        if !created && !self.has_bytes(path, known, arrival)? {
            if *key != StorageKey::Incoming(arrival.sha256) {
                return Err(Error::new(ErrorKind::Changed, format!("{path} is there already with other bytes")));
            }
            tracing::warn!(path, "a blob was not what its name says; it is replaced by the package that was pushed");
            arrival.file.sync_all().map_err(failed("syncing what becomes"))?;
            fs::rename(arrival.path, &place).map_err(failed("replacing"))?;
            reach("storage.adopt.replaced").map_err(failed("replacing"))?;
        }
        let metadata = fs::metadata(&place).map_err(failed("looking at"))?;
        if !created {
            // The change time moves and the pin does not: a sweep sees that somebody means to name this blob.
            fs::set_permissions(&place, metadata.permissions()).map_err(failed("touching"))?;
            reach("storage.adopt.touched").map_err(failed("touching"))?;
        }
        reach("storage.adopt.linked").map_err(failed("linking"))?;
        // Also when it was there: whoever made the name may not have synced it yet.
        self.incoming.sync().map_err(failed("making durable"))?;
        reach("storage.adopt.durable").map_err(failed("making durable"))?;
        Ok(Adopted { pin: Pin::of(&metadata), created })
    }

    /// Whether the blob has the bytes that arrived: the pinned one has, any other is read.
    fn has_bytes(&self, path: &str, known: Option<&Pin>, arrival: &Arrival<'_>) -> Result<bool, Error> {
        let blob = self.open_blob(path, None)?;
        if blob.info.size != arrival.size {
            return Ok(false);
        }
        Ok(known == Some(&blob.info.pin) || blob.hash(&[])?.sha256() == arrival.sha256)
    }

    /// Writes `splice` over `source` as the blob `path`, durably.
    pub(crate) fn write_back(&self, source: &Opened, splice: &Splice, path: &str) -> Result<BlobInfo, Error> {
        let place = self.place(path)?;
        let failed = |what: &'static str| move |e| Error::io(format!("{what} {path}"), e);
        source.holds(splice)?;
        let there = self.head(path)?;
        // One of another size is what a disk made of it.
        if there.as_ref().is_none_or(|there| there.size != splice.len()) {
            let (scratch, file) = self.copy(source, splice).map_err(failed("copying what becomes"))?;
            source.check()?;
            file.sync_all().map_err(failed("syncing what becomes"))?;
            reach("storage.write_back.copied").map_err(failed("copying what becomes"))?;
            if let Some(folder) = place.parent() {
                fs::create_dir_all(folder).map_err(failed("making the folder of"))?;
                reach("storage.write_back.folder_made").map_err(failed("making the folder of"))?;
            }
            match there {
                None => _ = link_new(scratch.path(), &place).map_err(failed("linking"))?,
                Some(_) => fs::rename(scratch.path(), &place).map_err(failed("replacing"))?,
            }
        }
        let written = self.head(path)?.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("{path} is gone again")))?;
        if written.size != splice.len() {
            return Err(Error::new(ErrorKind::Changed, format!("{path} has another size than its splice")));
        }
        reach("storage.write_back.linked").map_err(failed("linking"))?;
        if let Some(folder) = place.parent() {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("making durable"))?;
        }
        self.signed.sync().map_err(failed("making durable"))?;
        reach("storage.write_back.durable").map_err(failed("making durable"))?;
        Ok(written)
    }

    fn copy(&self, source: &Opened, splice: &Splice) -> io::Result<(ScratchFile, File)> {
        let (scratch, mut file) = self.scratch.create()?;
        reach("storage.write_back.made")?;
        for segment in splice.segments() {
            match segment {
                Segment::Literal(bytes) => file.write_all(bytes)?,
                Segment::Blob { offset, len } => {
                    let mut source = &source.file;
                    source.seek(SeekFrom::Start(*offset))?;
                    // File to file: the standard library lets the kernel copy (`copy_file_range`).
                    let copied = io::copy(&mut source.take(*len), &mut file)?;
                    if copied != *len {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
            }
        }
        Ok((scratch, file))
    }

    /// When the file or its names last changed; `None` when there is none.
    pub(crate) fn changed_at(&self, path: &str) -> Result<Option<SystemTime>, Error> {
        match fs::metadata(self.place(path)?) {
            Ok(metadata) => {
                let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
                let nanoseconds = u32::try_from(metadata.ctime_nsec()).unwrap_or_default();
                Ok(Some(UNIX_EPOCH + Duration::new(seconds, nanoseconds)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(format!("looking at {path}"), error)),
        }
    }
}

impl Opened {
    /// Whether every range of `splice` lies within the blob.
    pub(crate) fn holds(&self, splice: &Splice) -> Result<(), Error> {
        let fits = |segment: &Segment| match segment {
            Segment::Literal(_) => true,
            Segment::Blob { offset, len } => offset.checked_add(*len).is_some_and(|end| end <= self.info.size),
        };
        if splice.segments().iter().all(fits) { Ok(()) } else { Err(self.changed()) }
    }

    /// Whether it still is what it was when it was opened.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let metadata = self.file.metadata().map_err(|e| self.failed(e))?;
        if Pin::of(&metadata) == self.info.pin { Ok(()) } else { Err(self.changed()) }
    }

    /// Hashes it from end to end.
    pub(crate) fn hash(&self, algorithms: &[HashAlgorithm]) -> Result<Digests, Error> {
        let mut hasher = MultiHasher::new(algorithms);
        let mut buffer = vec![0; usize::try_from(CHUNK_BYTES.min(self.info.size)).unwrap_or_default()];
        let mut at = 0;
        while at < self.info.size {
            let part = &mut buffer[..usize::try_from(CHUNK_BYTES.min(self.info.size - at)).unwrap_or_default()];
            self.file.read_exact_at(part, at).map_err(|e| self.failed(e))?;
            hasher.update(part);
            at += part.len() as u64;
        }
        self.check()?;
        Ok(hasher.finish())
    }

    pub(crate) fn failed(&self, error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            self.changed().with_source(error)
        } else {
            Error::io(format!("reading {}", self.path), error)
        }
    }

    fn changed(&self) -> Error {
        Error::new(ErrorKind::Changed, format!("{} is not the pinned blob", self.path))
    }
}

/// Makes a folder and those above it, each known to the disk: a blob in a folder that a power cut takes away is no blob.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => Err(error),
        _ => File::open(parent.unwrap_or(Path::new("."))).and_then(|parent| parent.sync_all()),
    }
}

/// Gives the file at `from` the further name `to`, unless that is taken; whether it was free.
fn link_new(from: &Path, to: &Path) -> io::Result<bool> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
