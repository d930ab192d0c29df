//! The queue on the database: the job rows are what is delivered, waking is by notification within the process and by
//! looking at the rows otherwise.

use crate::Database;
use async_trait::async_trait;
use model::job::{JobId, Lane};
use queue::{Delivery, Queue};
use std::time::Duration;

/// The queue on the database.
#[derive(Debug, Clone)]
pub struct JobQueue {
    database: Database,
    visibility: Duration,
}

impl JobQueue {
    /// A queue on `database`; what is not acknowledged within `visibility` is delivered again while its job is pending.
    pub fn new(database: Database, visibility: Duration) -> Self {
        Self { database, visibility }
    }
}

#[async_trait]
impl Queue for JobQueue {
    async fn publish(&self, job: JobId, lane: Lane) -> Result<(), queue::Error> {
        let _ = (job, lane, &self.database, self.visibility);
        unimplemented!()
    }
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, queue::Error> {
        let _ = (max, wait);
        unimplemented!()
    }
    async fn keep(&self, delivery: &Delivery, time: Duration) -> Result<(), queue::Error> {
        let _ = (delivery, time);
        unimplemented!()
    }
    async fn ack(&self, delivery: Delivery) -> Result<(), queue::Error> {
        let _ = delivery;
        unimplemented!()
    }
}
