//! A spool folder for each process, so that one that starts never clears away what another is receiving.

use anyhow::{Context as _, Result};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// A folder that is this process's while it runs; a lock beside it says so, and goes with the process however it ends.
#[derive(Debug)]
pub(crate) struct SpoolFolder {
    pub(crate) path: PathBuf,
    _lock: File,
}

impl SpoolFolder {
    /// Makes one below `root`, and clears away those whose processes are gone.
    pub(crate) fn claim(root: &Path) -> Result<Self> {
        std::fs::create_dir_all(root).with_context(|| format!("{} cannot be made", root.display()))?;
        clear_left_over(root);
        // The process id alone could be that of a process in another container with the same volume.
        for attempt in 0..1_000 {
            let name = format!("{}-{attempt}", std::process::id());
            let lock_path = root.join(format!("{name}.lock"));
            let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path)?;
            if lock.try_lock().is_ok() {
                let path = root.join(name);
                std::fs::create_dir_all(&path)?;
                return Ok(Self { path, _lock: lock });
            }
        }
        anyhow::bail!("no spool folder is free below {}", root.display())
    }
}

impl Drop for SpoolFolder {
    fn drop(&mut self) {
        // What cannot be removed now is cleared away by the next process.
        let _removed = std::fs::remove_dir_all(&self.path);
        let _removed = std::fs::remove_file(self.path.with_extension("lock"));
    }
}

fn clear_left_over(root: &Path) {
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let lock_path = entry.path();
        if lock_path.extension().is_none_or(|e| e != "lock") {
            continue;
        }
        let Ok(lock) = OpenOptions::new().write(true).open(&lock_path) else { continue };
        if lock.try_lock().is_ok() {
            let _removed = std::fs::remove_dir_all(lock_path.with_extension(""));
            let _removed = std::fs::remove_file(&lock_path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_is_cleared_and_a_living_ones_is_not() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("1-0")).unwrap();
        std::fs::write(root.path().join("1-0/half"), "x").unwrap();
        std::fs::write(root.path().join("1-0.lock"), "").unwrap();
        let first = SpoolFolder::claim(root.path()).unwrap();
        assert!(!root.path().join("1-0").exists());
        std::fs::write(first.path.join("arriving"), "x").unwrap();
        let second = SpoolFolder::claim(root.path()).unwrap();
        assert_ne!(first.path, second.path);
        assert!(first.path.join("arriving").exists());
        let gone = first.path.clone();
        drop(first);
        assert!(!gone.exists());
    }
}
