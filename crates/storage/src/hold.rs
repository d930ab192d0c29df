//! Keeping apart who is about to name a blob and who is about to delete one that nobody names.
//!
//! A push finds the bytes in the store, and commits the row that names them a moment later. Whoever looks in between (the sweep, another
//! push that was refused, in this process or another one) sees a blob without a name. So naming happens under a shared lock, looking and
//! deleting under an exclusive one. The locks are the operating system's: a process that dies holds none.

use crate::{Error, ErrorKind};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Held by whoever names or deletes; ends when dropped, or with the process.
#[derive(Debug)]
pub struct Hold {
    _lock: File,
}

/// The folder of lock files. Blobs share them by the beginning of their file's name.
#[derive(Debug)]
pub(crate) struct Holds {
    folder: PathBuf,
}

impl Holds {
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// For naming: waits while somebody deletes, which takes a look and an unlink. Blocks.
    pub(crate) fn to_name(&self, path: &str) -> Result<Hold, Error> {
        let held = self.take(path, NAMING_WAITS, File::try_lock_shared)?;
        held.ok_or_else(|| Error::new(ErrorKind::Unavailable, format!("{path} is being deleted, and that does not end")))
    }

    /// For deleting: `None` when it did not come about that nobody was naming. Blocks.
    pub(crate) fn to_delete(&self, path: &str) -> Result<Option<Hold>, Error> {
        self.take(path, DELETING_WAITS, File::try_lock)
    }

    fn take(&self, path: &str, patience: Duration, lock: impl Fn(&File) -> Result<(), TryLockError>) -> Result<Option<Hold>, Error> {
        let file = self.file(path)?;
        let since = Instant::now();
        loop {
            match lock(&file) {
                Ok(()) => return Ok(Some(Hold { _lock: file })),
                Err(TryLockError::WouldBlock) if since.elapsed() < patience => std::thread::sleep(POLL),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(Error::io(format!("holding {path}"), error)),
            }
        }
    }

    fn file(&self, path: &str) -> Result<File, Error> {
        let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // Two hexadecimal digits of a digest.
        let shard = name.get(..2).filter(|shard| shard.bytes().all(|b| b.is_ascii_hexdigit())).unwrap_or("00");
        let open = OpenOptions::new().write(true).create(true).truncate(false).open(self.folder.join(shard));
        open.map_err(|e| Error::io(format!("holding {path}"), e))
    }
}

/// Pushes hold for as long as a sync and a commit take; whoever deletes can come again.
const DELETING_WAITS: Duration = Duration::from_secs(2);
/// A push cannot come again by itself.
const NAMING_WAITS: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_deletes_what_is_being_named_and_many_name_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (Holds::open(folder.path().join("locks")).unwrap(), Holds::open(folder.path().join("locks")).unwrap());
        let named = [one.to_name("incoming/ab1.nupkg").unwrap(), other.to_name("incoming/ab2.nupkg").unwrap()];
        assert!(other.to_delete("incoming/ab1.nupkg").unwrap().is_none());
        assert!(other.to_delete("incoming/cd1.nupkg").unwrap().is_some());
        drop(named);
        assert!(other.to_delete("incoming/ab1.nupkg").unwrap().is_some());
    }
}
