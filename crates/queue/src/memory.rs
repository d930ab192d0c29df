//! The queue in memory: for tests, and the model that the others are measured by.

use crate::{Delivery, Error, Queue};
use async_trait::async_trait;
use model::job::{JobId, Lane};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A queue that lives and dies with its process.
#[derive(Debug)]
pub struct MemoryQueue {
    visibility: Duration,
    held: Mutex<Held>,
    published: Notify,
}

#[derive(Debug, Default)]
struct Held {
    next_receipt: u64,
    /// Waiting or delivered, by urgency and order of publishing.
    jobs: BTreeMap<(Lane, u64), Entry>,
}

#[derive(Debug)]
struct Entry {
    job: JobId,
    /// Not delivered before this moment; `None` when nobody has it.
    hidden_until: Option<Instant>,
    receipt: u64,
}

impl MemoryQueue {
    /// A queue that delivers again what was not acknowledged within `visibility`.
    pub fn new(visibility: Duration) -> Self {
        Self { visibility, held: Mutex::default(), published: Notify::new() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What can be delivered now, or when the next hidden delivery comes back.
    fn take(&self, max: usize) -> (Vec<Delivery>, Option<Instant>) {
        let now = Instant::now();
        let mut held = self.held();
        let Held { next_receipt, jobs } = &mut *held;
        let mut taken = Vec::new();
        let mut next = None::<Instant>;
        for ((lane, _), entry) in jobs.iter_mut() {
            match entry.hidden_until {
                Some(until) if until > now => next = Some(next.map_or(until, |n| n.min(until))),
                _ if taken.len() < max => {
                    *next_receipt += 1;
                    entry.receipt = *next_receipt;
                    entry.hidden_until = Some(now + self.visibility);
                    taken.push(Delivery { job: entry.job, lane: *lane, receipt: entry.receipt.to_string() });
                }
                _ => break,
            }
        }
        (taken, next)
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn publish(&self, job: JobId, lane: Lane) -> Result<(), Error> {
        if lane != Lane::Dormant {
            let mut held = self.held();
            held.next_receipt += 1;
            let order = held.next_receipt;
            held.jobs.insert((lane, order), Entry { job, hidden_until: None, receipt: order });
        }
        self.published.notify_one();
        Ok(())
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        let deadline = Instant::now() + wait;
        loop {
            // Registered before looking, so that nothing published in between is missed.
            let published = self.published.notified();
            let (taken, next) = self.take(max);
            let now = Instant::now();
            if !taken.is_empty() || now >= deadline {
                if taken.len() == max {
                    // There may be more for another receiver.
                    self.published.notify_one();
                }
                return Ok(taken);
            }
            let until = next.map_or(deadline, |n| n.min(deadline));
            let _ = tokio::time::timeout_at(until, published).await;
        }
    }

    async fn keep(&self, delivery: &Delivery, time: Duration) -> Result<(), Error> {
        let until = Instant::now() + time;
        for entry in self.held().jobs.values_mut().filter(|e| e.receipt.to_string() == delivery.receipt) {
            entry.hidden_until = Some(until);
        }
        Ok(())
    }

    async fn ack(&self, delivery: Delivery) -> Result<(), Error> {
        self.held().jobs.retain(|_, entry| entry.receipt.to_string() != delivery.receipt);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Bench, run};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    #[derive(Default)]
    struct InMemory(AtomicI64);

    #[async_trait]
    impl Bench for InMemory {
        async fn queue(&self, visibility: Duration) -> Arc<dyn Queue> {
            Arc::new(MemoryQueue::new(visibility))
        }

        async fn record(&self, _: Lane) -> JobId {
            JobId(self.0.fetch_add(1, Ordering::Relaxed))
        }

        async fn settle(&self, _: JobId) {}
    }

    #[tokio::test]
    async fn the_queue_in_memory_conforms() {
        run(&InMemory::default()).await;
    }
}
