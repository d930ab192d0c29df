//! The key store: a folder of its own (mode 0700) with one file (mode 0600) per key.
//!
//! Writing is safe against a crash at any instant: the new content goes into a temporary file beside the old one, reaches
//! the disk, and takes its place by a rename, under a lock that the operating system takes back from a dead process. A
//! reader sees the old file or the new one, whole. Blocking calls throughout: callers are on a blocking thread.

use crate::{Error, ErrorKind, failpoint};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// A file in the store that is larger than this is not a key.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// How long a process waits for another one that is making a key.
const LOCK_WAIT: Duration = Duration::from_secs(60);
const LOCK_POLL: Duration = Duration::from_millis(20);

/// The folder that keys are kept in.
#[derive(Debug, Clone)]
pub struct KeyStore {
    root: PathBuf,
}

/// A place in the store: a relative path without `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath(PathBuf);

impl KeyPath {
    /// Takes a relative path as the configuration gives it (`certs/repository-signing.pfx`).
    pub fn new(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let normal = path.components().all(|c| matches!(c, Component::Normal(_))) && path.file_name().is_some();
        if normal {
            Ok(Self(path.to_owned()))
        } else {
            Err(Error::new(
                ErrorKind::Misconfigured,
                format!("{} is not a path inside the key store: it must be relative, without \"..\"", path.display()),
            ))
        }
    }
}

/// What tells one content of a file from the next without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    inode: u64,
    len: u64,
    modified: (i64, i64),
}

/// A file as it was read, with the version it had.
pub struct Stored {
    /// Its bytes; wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Its version.
    pub version: Version,
}

/// The right to replace one file; ends when dropped, or with the process.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    path: KeyPath,
}

impl KeyStore {
    /// Opens the folder, made (with mode 0700) when it is not there; a wider mode is narrowed.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, Error> {
        let store = Self { root: root.into() };
        make_folder(&store.root).and_then(|()| narrow(&store.root, 0o700)).map_err(|e| failed("open", &store.root, e))?;
        Ok(store)
    }

    /// Where `path` is on the disk.
    pub fn locate(&self, path: &KeyPath) -> PathBuf {
        self.root.join(&path.0)
    }

    /// The version of what is at `path` now; `None` when nothing is.
    pub fn version(&self, path: &KeyPath) -> Result<Option<Version>, Error> {
        let full = self.locate(path);
        match fs::metadata(&full) {
            Ok(metadata) => Ok(Some(Version::of(&metadata))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(failed("look at", &full, e)),
        }
    }

    /// Reads what is at `path`; `None` when nothing is.
    pub fn read(&self, path: &KeyPath) -> Result<Option<Stored>, Error> {
        let full = self.locate(path);
        match read_file(&full) {
            Ok(stored) => {
                narrow(&full, 0o600).map_err(|e| failed("narrow the mode of", &full, e))?;
                Ok(Some(stored))
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(failed("read", &full, e)),
        }
    }

    /// Waits until no other process or thread may replace `path`.
    pub fn lock(&self, path: &KeyPath) -> Result<Lock, Error> {
        let full = self.locate(path);
        let lock_path = beside(&full, ".lock");
        let open = || -> io::Result<File> {
            if let Some(folder) = full.parent() {
                make_folder(folder)?;
            }
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&lock_path)
        };
        let file = open().map_err(|e| failed("lock", &full, e))?;
        let since = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file, path: path.clone() }),
                Err(TryLockError::WouldBlock) if since.elapsed() < LOCK_WAIT => std::thread::sleep(LOCK_POLL),
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::new(
                        ErrorKind::Unavailable,
                        format!("another process has held the lock on {} for {} s", full.display(), LOCK_WAIT.as_secs()),
                    ));
                }
                Err(TryLockError::Error(e)) => return Err(failed("lock", &full, e)),
            }
        }
    }

    /// Puts `bytes` in the place of whatever is at the lock's path. Returns once the disk has them.
    pub fn replace(&self, lock: &Lock, bytes: &[u8]) -> Result<Version, Error> {
        let full = self.locate(&lock.path);
        replace_file(&full, bytes).map_err(|e| failed("write", &full, e))
    }
}

/// Reads a file outside the store (a PFX that an operator put somewhere), within the same limit.
pub(crate) fn read_outside(path: &Path) -> Result<Option<Stored>, Error> {
    match read_file(path) {
        Ok(stored) => Ok(Some(stored)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(failed("read", path, e)),
    }
}

/// The version of a file outside the store.
pub(crate) fn version_outside(path: &Path) -> Result<Option<Version>, Error> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(Version::of(&metadata))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(failed("look at", path, e)),
    }
}

impl Version {
    fn of(metadata: &fs::Metadata) -> Self {
        Self { inode: metadata.ino(), len: metadata.len(), modified: (metadata.mtime(), metadata.mtime_nsec()) }
    }
}

fn read_file(path: &Path) -> io::Result<Stored> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let version = Version::of(&metadata);
    if metadata.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it has {} bytes; a key file has at most {FILE_BYTES_MAX}", metadata.len())));
    }
    // The whole capacity at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1));
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(Stored { bytes, version })
}

fn replace_file(full: &Path, bytes: &[u8]) -> io::Result<Version> {
    let folder = full.parent().unwrap_or_else(|| Path::new("."));
    let temporary = beside(full, ".new");
    // Left behind by a process that died while writing; only the holder of the lock comes here.
    match fs::remove_file(&temporary) {
        Ok(()) => tracing::info!(path = %temporary.display(), "removed an unfinished key file"),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&temporary)?;
    failpoint::reach("keys.temporary.made");
    file.write_all(bytes)?;
    failpoint::reach("keys.temporary.written");
    file.sync_all()?;
    failpoint::reach("keys.temporary.synced");
    fs::rename(&temporary, full)?;
    failpoint::reach("keys.renamed");
    File::open(folder)?.sync_all()?;
    failpoint::reach("keys.durable");
    Ok(Version::of(&file.metadata()?))
}

/// Makes a folder and those above it, each with mode 0700 and each known to the disk.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folder(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
            _ => Ok(()),
        },
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(e) => Err(e),
    }
}

fn narrow(path: &Path, mode: u32) -> io::Result<()> {
    let found = fs::metadata(path)?.permissions().mode() & 0o777;
    if found & !mode != 0 {
        tracing::warn!(path = %path.display(), found = format!("{found:o}"), "narrowed the mode of a key file or folder");
        fs::set_permissions(path, Permissions::from_mode(found & mode))?;
    }
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(suffix);
    path.with_file_name(name)
}

fn failed(verb: &str, path: &Path, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory | io::ErrorKind::ReadOnlyFilesystem => ErrorKind::Misconfigured,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("cannot {verb} {}", path.display())).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn folders_and_files_are_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data/keys");
        let store = KeyStore::open(&root).unwrap();
        let path = KeyPath::new("certs/a.pfx").unwrap();
        let lock = store.lock(&path).unwrap();
        store.replace(&lock, b"secret").unwrap();
        assert_eq!([mode(&root), mode(&root.join("certs"))], [0o700, 0o700]);
        assert_eq!(mode(&root.join("certs/a.pfx")), 0o600);

        fs::set_permissions(&root, Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(root.join("certs/a.pfx"), Permissions::from_mode(0o644)).unwrap();
        let store = KeyStore::open(&root).unwrap();
        assert_eq!(&**store.read(&path).unwrap().unwrap().bytes, b"secret");
        assert_eq!([mode(&root), mode(&root.join("certs/a.pfx"))], [0o700, 0o600]);
    }

    #[test]
    fn a_path_that_leaves_the_store_is_refused() {
        for path in ["../a.pfx", "/etc/a.pfx", "certs/../../a.pfx", "", "."] {
            assert_eq!(KeyPath::new(path).unwrap_err().kind(), ErrorKind::Misconfigured, "{path}");
        }
    }

    #[test]
    fn replacing_changes_the_version_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = KeyStore::open(folder.path().join("keys")).unwrap();
        let path = KeyPath::new("a.pfx").unwrap();
        assert_eq!(store.version(&path).unwrap(), None);
        let lock = store.lock(&path).unwrap();
        let first = store.replace(&lock, b"one").unwrap();
        assert_eq!(store.version(&path).unwrap(), Some(first));
        // What a process that died left.
        fs::write(folder.path().join("keys/.a.pfx.new"), b"hal").unwrap();
        let second = store.replace(&lock, b"two").unwrap();
        assert_ne!(first, second);
        assert_eq!(&**store.read(&path).unwrap().unwrap().bytes, b"two");
        let mut names: Vec<_> = fs::read_dir(folder.path().join("keys")).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".a.pfx.lock", "a.pfx"]);
    }
}
