//! The queue on the database: the job rows are what is delivered, waking is by notification within the process and by
//! looking at the rows otherwise.
//!
//! There is nothing to publish apart from the row, and so no relay: a job is there once its package is recorded.

use crate::sql::{self, Columns};
use crate::wake::Effect;
use crate::{Database, ErrorKind};
use async_trait::async_trait;
use model::job::{JobId, Lane};
use queue::{Delivery, Queue};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The queue on the database. Clones share what is delivered.
#[derive(Debug, Clone)]
pub struct JobQueue {
    database: Database,
    visibility: Duration,
    delivered: Arc<Mutex<Delivered>>,
}

#[derive(Debug, Default)]
struct Delivered {
    next_receipt: u64,
    /// What this process was given and has not acknowledged: until when it is not given again.
    jobs: HashMap<JobId, (Instant, u64)>,
}

impl JobQueue {
    /// A queue on `database`; what is not acknowledged within `visibility` is delivered again while its job is pending.
    pub fn new(database: Database, visibility: Duration) -> Self {
        Self { database, visibility, delivered: Arc::default() }
    }

    fn delivered(&self) -> MutexGuard<'_, Delivered> {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Jobs that can be claimed now and are not with somebody in this process already.
    async fn take(&self, max: usize) -> Result<Vec<Delivery>, queue::Error> {
        const SQL: &str = concat!(
            "-- receive\nSELECT id, lane FROM jobs WHERE state = 'pending' AND lane IN (0, 1, 2) AND not_before <= ",
            sql::now!(),
            " AND (lease_expires_at IS NULL OR lease_expires_at <= ",
            sql::now!(),
            ") ORDER BY lane, not_before, id LIMIT $1"
        );
        let enough = {
            let mut delivered = self.delivered();
            let now = Instant::now();
            delivered.jobs.retain(|_, (until, _)| *until > now);
            i64::try_from(delivered.jobs.len() + max).unwrap_or(i64::MAX)
        };
        let rows = sql::rows(self.database.reader(), "looking for jobs", sql::statement(SQL, [enough.into()])).await.map_err(told)?;
        let mut taken = Vec::new();
        let mut delivered = self.delivered();
        for row in &rows {
            let mut columns = Columns::of(row);
            let job = JobId(columns.next().map_err(told)?);
            let Some(lane) = Lane::from_rank(columns.next().map_err(told)?) else { continue };
            if taken.len() < max && !delivered.jobs.contains_key(&job) {
                delivered.next_receipt += 1;
                let receipt = delivered.next_receipt;
                delivered.jobs.insert(job, (Instant::now() + self.visibility, receipt));
                taken.push(Delivery { job, lane, receipt: receipt.to_string() });
            }
        }
        Ok(taken)
    }
}

#[async_trait]
impl Queue for JobQueue {
    /// The row is there already; this wakes who waits.
    async fn publish(&self, _: JobId, _: Lane) -> Result<(), queue::Error> {
        self.database.wakes().apply(&[Effect::WorkQueued]);
        Ok(())
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, queue::Error> {
        let deadline = Instant::now() + wait;
        loop {
            let mut woken = std::pin::pin!(self.database.wakes().work.notified());
            // Registered before looking, so that nothing in between is missed.
            woken.as_mut().enable();
            let taken = self.take(max).await?;
            let now = Instant::now();
            if !taken.is_empty() || now >= deadline {
                return Ok(taken);
            }
            _ = tokio::time::timeout_at(deadline.min(now + self.database.poll()), woken).await;
        }
    }

    async fn keep(&self, delivery: &Delivery, time: Duration) -> Result<(), queue::Error> {
        if let Some((until, receipt)) = self.delivered().jobs.get_mut(&delivery.job)
            && receipt.to_string() == delivery.receipt
        {
            *until = Instant::now() + time;
        }
        Ok(())
    }

    async fn ack(&self, delivery: Delivery) -> Result<(), queue::Error> {
        let mut delivered = self.delivered();
        if delivered.jobs.get(&delivery.job).is_some_and(|(_, receipt)| receipt.to_string() == delivery.receipt) {
            delivered.jobs.remove(&delivery.job);
        }
        Ok(())
    }
}

fn told(error: crate::Error) -> queue::Error {
    let kind = match error.kind() {
        ErrorKind::Unavailable | ErrorKind::TimedOut => queue::ErrorKind::Unavailable,
        ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::LeaseLost | ErrorKind::Misconfigured | ErrorKind::Internal => {
            queue::ErrorKind::Internal
        }
    };
    queue::Error::new(kind, "asking the job rows", error)
}
