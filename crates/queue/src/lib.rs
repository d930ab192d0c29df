//! Being woken for work: the queue that carries job ids from whoever records a package to whoever signs it.
//!
//! The database row is the truth about work; a queue only says "look at this job". So a queue may deliver an id twice,
//! late, or for a job that is long done: the claim in the database decides, and attempts are counted there alone.
//!
//! Invariants that every implementation keeps, and [`conformance`] checks:
//! * what was published and not acknowledged is delivered again, at the latest when its visibility ends;
//! * what was acknowledged after its job was settled is not delivered again;
//! * a more urgent lane is delivered before a less urgent one; nothing of lane `dormant` is delivered;
//! * `receive` answers with nothing when nothing came within its wait, and wakes when something is published.

pub mod conformance;
mod error;
pub mod memory;

pub use error::{Error, ErrorKind};
pub use memory::MemoryQueue;

use async_trait::async_trait;
use model::job::{JobId, Lane};
use std::time::Duration;

/// A job id as delivered, to be acknowledged after its job was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The job to look at.
    pub job: JobId,
    /// The lane that it was published in.
    pub lane: Lane,
    /// The implementation's name for this very delivery.
    pub receipt: String,
}

/// A way to be woken for jobs.
///
/// Every method is safe to call from several tasks at once, and safe to drop at any await: a dropped `receive` may leave
/// deliveries to come back when their visibility ends, never lose them.
#[async_trait]
pub trait Queue: Send + Sync + std::fmt::Debug {
    /// Says that `job` wants doing. Publishing what is there already is no fault.
    async fn publish(&self, job: JobId, lane: Lane) -> Result<(), Error>;

    /// Up to `max` deliveries, the most urgent first; waits up to `wait` for the first, and not for the others.
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error>;

    /// Keeps `delivery` from being delivered again for `time` from now.
    async fn keep(&self, delivery: &Delivery, time: Duration) -> Result<(), Error>;

    /// Ends `delivery`: its job was settled, or put off by the row.
    async fn ack(&self, delivery: Delivery) -> Result<(), Error>;
}
