//! Leases: who is looking at a job now, and until when, by the database's clock.

use crate::{Database, Error, KeptSignature, PackageRecord};
use model::job::{JobId, Lane};
use std::time::Duration;
use tokio::time::Instant;

/// A job that a worker has claimed, with what it needs for doing it.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The job.
    pub job: JobId,
    /// The fencing token of this lease.
    pub token: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How urgent the job is.
    pub lane: Lane,
    /// Who claimed it.
    pub worker: String,
    /// When the lease ends, counted on the worker's own monotonic clock from before the claim.
    pub ends: Instant,
    /// The package to sign.
    pub package: PackageRecord,
    /// Signature values by certificates that are still active, the latest first.
    pub kept: Vec<KeptSignature>,
    /// The kept signature's `.signature.p7s`, when the job is to sign again.
    pub signed_before: bool,
}

impl Database {
    /// Claims up to `max` jobs that are due, the most urgent first, for `lease`. Counts an attempt of each.
    pub async fn claim(&self, max: u32, lease: Duration, worker: &str) -> Result<Vec<Claim>, Error> {
        let _ = (max, lease, worker);
        unimplemented!()
    }

    /// Claims those of `jobs` that are due and nobody has.
    pub async fn claim_jobs(&self, jobs: &[JobId], lease: Duration, worker: &str) -> Result<Vec<Claim>, Error> {
        let _ = (jobs, lease, worker);
        unimplemented!()
    }

    /// Has the lease of `claim` end `lease` from now.
    pub async fn extend(&self, claim: &mut Claim, lease: Duration) -> Result<(), Error> {
        let _ = (claim, lease);
        unimplemented!()
    }

    /// Hands a job back untried: its attempt is not counted, and it is due in `delay`.
    pub async fn release(&self, claim: &Claim, delay: Duration) -> Result<(), Error> {
        let _ = (claim, delay);
        unimplemented!()
    }

    /// Ends what an earlier life of `worker` had claimed, jobs and write-backs; says how many. Only for a worker that is
    /// known to be gone: the attempts stay counted.
    pub async fn end_leases_of(&self, worker: &str) -> Result<u64, Error> {
        let _ = worker;
        unimplemented!()
    }
}
