//! Making new names in a folder durable, many at once: one sync serves everybody who asked before it began.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};

/// A folder whose syncs are shared.
#[derive(Debug)]
pub(crate) struct FolderSync {
    path: PathBuf,
    state: Mutex<State>,
    ended: Condvar,
}

/// Syncs are numbered from 1 in the order in which they begin; one runs at a time.
#[derive(Debug, Default)]
struct State {
    begun: u64,
    ended: u64,
    /// The last one that failed.
    failed: u64,
}

impl FolderSync {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, state: Mutex::default(), ended: Condvar::new() }
    }

    /// Returns once a sync that began after this call has ended. Blocks.
    pub(crate) fn sync(&self) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = state.begun + 1;
        while state.ended < wanted {
            if state.begun > state.ended {
                state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.begun += 1;
            let this = state.begun;
            drop(state);
            let result = File::open(&self.path).and_then(|folder| folder.sync_all());
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.ended = this;
            if let Err(error) = result {
                state.failed = this;
                self.ended.notify_all();
                return Err(error);
            }
            self.ended.notify_all();
        }
        if state.failed >= wanted {
            return Err(io::Error::other("the folder could not be synced"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn everybody_is_served_and_a_missing_folder_fails_for_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let sync = Arc::new(FolderSync::new(folder.path().to_owned()));
        let ask = |sync: &Arc<FolderSync>| {
            let threads: Vec<_> = (0..16)
                .map(|_| {
                    std::thread::spawn({
                        let sync = Arc::clone(sync);
                        move || sync.sync().is_ok()
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(ask(&sync), [true; 16]);
        assert!(sync.state.lock().unwrap().begun <= 16);
        drop(folder);
        assert_eq!(ask(&sync), [false; 16]);
    }
}
