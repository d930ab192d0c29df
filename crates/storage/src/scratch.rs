//! A folder of this process's own for files that have no name yet. What a process leaves behind when it dies is removed by the next
//! that starts: each folder holds a lock that only a living process has.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The folder.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: PathBuf,
    /// Held as long as the folder is ours.
    _lock: File,
    next: AtomicU64,
}

/// A file in the folder; removed when dropped, whatever other names its bytes have by then.
#[derive(Debug)]
pub(crate) struct ScratchFile {
    path: PathBuf,
    _scratch: Arc<Scratch>,
}

impl Scratch {
    /// Makes a folder under `parent` and removes those of dead processes. Blocks.
    pub(crate) fn open(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        // Between a folder and its lock another process must not sweep.
        let gate = lock_file(&parent.join("lock"))?;
        gate.lock()?;
        sweep(parent)?;
        let folder = tempfile::Builder::new().prefix(FOLDER_PREFIX).tempdir_in(parent)?.keep();
        let lock = lock_file(&folder.join(LOCK_NAME))?;
        lock.lock()?;
        Ok(Self { folder, _lock: lock, next: AtomicU64::new(0) })
    }

    /// Creates an empty file. Blocks.
    pub(crate) fn create(self: &Arc<Self>) -> io::Result<(ScratchFile, File)> {
        let path = self.folder.join(format!("{}.part", self.next.fetch_add(1, Ordering::Relaxed)));
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        Ok((ScratchFile { path, _scratch: Arc::clone(self) }, file))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl ScratchFile {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.path.display(), %error, "a spooled file could not be removed; the next start will");
        }
    }
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path)
}

/// Removes the folders whose process is gone.
fn sweep(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(FOLDER_PREFIX) {
            continue;
        }
        let folder = entry.path();
        let is_dead = match OpenOptions::new().write(true).open(folder.join(LOCK_NAME)) {
            Ok(lock) => match lock.try_lock() {
                Ok(()) => true,
                Err(TryLockError::WouldBlock) => false,
                Err(TryLockError::Error(error)) => return Err(error),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(error),
        };
        if is_dead {
            tracing::info!(folder = %folder.display(), "removing what a process left on the spool when it ended");
            fs::remove_dir_all(&folder)?;
        }
    }
    Ok(())
}

const FOLDER_PREFIX: &str = "process-";
const LOCK_NAME: &str = "lock";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_is_removed_and_what_a_living_one_has_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let living = Arc::new(Scratch::open(parent.path()).unwrap());
        let (file, _) = living.create().unwrap();
        // A folder as a killed process leaves it: its lock file is there and nobody holds it.
        let dead = parent.path().join("process-dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(LOCK_NAME), b"").unwrap();
        fs::write(dead.join("0.part"), b"half a package").unwrap();

        let next = Scratch::open(parent.path()).unwrap();
        assert!(!dead.exists());
        assert!(file.path().exists());
        let (next_folder, path) = (next.folder.clone(), file.path().to_owned());
        drop((next, file));
        assert!(!next_folder.exists() && !path.exists());
    }
}
