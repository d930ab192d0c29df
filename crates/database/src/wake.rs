//! Waking within the process: who waits for a job, for work, or for write-backs hears of a commit at once.
//!
//! A wake says "look again", nothing more. What other processes commit is not heard here; waits also look by the clock.

use model::job::JobId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What a committed operation changed for those who wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// A job's row changed.
    JobChanged(JobId),
    /// A job became claimable.
    WorkQueued,
    /// A signed blob is to be written.
    WriteBackQueued,
}

/// Those who wait.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    jobs: Mutex<HashMap<JobId, Arc<Notify>>>,
    pub(crate) work: Notify,
    pub(crate) write_backs: Notify,
}

impl Wakes {
    /// Wakes whom `effects` concern.
    pub(crate) fn apply(&self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::JobChanged(job) => {
                    if let Some(notify) = self.jobs().get(job) {
                        notify.notify_waiters();
                    }
                }
                Effect::WorkQueued => self.work.notify_waiters(),
                Effect::WriteBackQueued => self.write_backs.notify_waiters(),
            }
        }
    }

    /// Registers somebody who waits for `job`, until what is returned is dropped.
    pub(crate) fn wait_on(&self, job: JobId) -> Waiting<'_> {
        let notify = Arc::clone(self.jobs().entry(job).or_default());
        Waiting { wakes: self, job, notify }
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<JobId, Arc<Notify>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for a job.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    wakes: &'a Wakes,
    job: JobId,
    pub(crate) notify: Arc<Notify>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut jobs = self.wakes.jobs();
        // The map's and ours: nobody else waits for this job. (Others come and go under the same lock.)
        if Arc::strong_count(&self.notify) <= 2 {
            jobs.remove(&self.job);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_waiter_leaves_no_trace() {
        let wakes = Wakes::default();
        let (first, second) = (wakes.wait_on(JobId(1)), wakes.wait_on(JobId(1)));
        drop(first);
        assert_eq!(wakes.jobs().len(), 1);
        drop(second);
        assert_eq!(wakes.jobs().len(), 0);
    }
}
