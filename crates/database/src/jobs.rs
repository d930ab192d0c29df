//! Jobs as everybody but their worker sees them: reading, waiting, raising, counting.

use crate::sql::Columns;
use crate::{Database, Error, ErrorKind, PackageKey};
use model::job::{JobId, JobState, Lane};
use model::{Code, NuCode, Refusal};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::Instant;

/// A job as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRecord {
    /// The job.
    pub id: JobId,
    /// Its package.
    pub package: PackageKey,
    /// What is true about it.
    pub state: JobState,
    /// How urgent it is.
    pub lane: Lane,
    /// Not claimed before this moment, by the database's clock.
    pub not_before: OffsetDateTime,
    /// How long that still is when the row was read; `None` when it is due.
    pub due_in: Option<Duration>,
    /// Attempts begun.
    pub attempts: u32,
    /// Until when a worker has it; may lie in the past.
    pub leased_until: Option<OffsetDateTime>,
    /// The worker that has it.
    pub worker: Option<String>,
    /// Why it was rejected, failed, or was put off.
    pub refusal: Option<Refusal>,
    /// When it was recorded.
    pub created: OffsetDateTime,
    /// When its row last changed.
    pub updated: OffsetDateTime,
}

/// The columns of a job, in the order [`JobRecord::read`] takes them; the table is called `j`.
pub(crate) const JOB_COLUMNS: &str = "j.id, j.package_key, j.state, j.lane, j.not_before, j.attempts, j.lease_expires_at, \
     j.worker, j.code, j.nu, j.reason, j.created_at, j.updated_at";

impl JobRecord {
    /// `now` is the database's.
    pub(crate) fn read(row: &mut Columns<'_>, now: i64) -> Result<Self, Error> {
        let id = JobId(row.next()?);
        let unreadable = |column: &str| Error::new(ErrorKind::Internal, format!("reading {column} of job {id}"));
        let package = PackageKey(row.next()?);
        let state = JobState::from_word(&row.next::<String>()?).ok_or_else(|| unreadable("state"))?;
        let lane = Lane::from_rank(row.next()?).ok_or_else(|| unreadable("lane"))?;
        let not_before = row.next::<i64>()?;
        let attempts = u32::try_from(row.next::<i64>()?).map_err(|e| unreadable("attempts").caused_by(e))?;
        let leased_until = row.next_time_or_none()?;
        let worker = row.next()?;
        let refusal = read_refusal(row)?;
        Ok(Self {
            id,
            package,
            state,
            lane,
            not_before: crate::sql::time_of(not_before)?,
            due_in: u64::try_from(not_before - now).ok().filter(|ms| *ms > 0).map(Duration::from_millis),
            attempts,
            leased_until,
            worker,
            refusal,
            created: row.next_time()?,
            updated: row.next_time()?,
        })
    }
}

/// Reads `code, nu, reason`. A word that this build does not know (a newer one wrote it) reads as `internal`.
pub(crate) fn read_refusal(row: &mut Columns<'_>) -> Result<Option<Refusal>, Error> {
    let (code, nu, reason) = (row.next::<Option<String>>()?, row.next::<Option<i32>>()?, row.next::<Option<String>>()?);
    Ok(code.map(|word| Refusal {
        code: Code::from_word(&word).unwrap_or(Code::Internal),
        nu: nu.and_then(|n| u16::try_from(n).ok()).map(NuCode),
        reason: reason.unwrap_or_default(),
    }))
}

/// How much work there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Pending jobs by lane, those of `dormant` too.
    pub pending: Vec<(Lane, u64)>,
    /// Rejected jobs.
    pub rejected: u64,
    /// Failed jobs.
    pub failed: u64,
    /// Age of the oldest pending job, the dormant lane apart.
    pub oldest_pending: Option<Duration>,
    /// Signatures whose blob is not written yet.
    pub write_backs: u64,
}

impl Database {
    /// The job.
    pub async fn job(&self, job: JobId) -> Result<Option<JobRecord>, Error> {
        let _ = job;
        unimplemented!()
    }

    /// Waits until `job` is settled or was put off (`due_in` is then there), at the latest until `deadline`; answers with the
    /// job as it is then. `NotFound` when there is no such job (any more).
    pub async fn wait_for_change(&self, job: JobId, deadline: Instant) -> Result<JobRecord, Error> {
        let _ = (job, deadline);
        unimplemented!()
    }

    /// Makes a package's pending job as urgent as `lane`, and wakes workers. A signed package whose blob is not written gets
    /// its write-back at once.
    pub async fn raise(&self, package: PackageKey, lane: Lane) -> Result<JobRecord, Error> {
        let _ = (package, lane);
        unimplemented!()
    }

    /// An operator's wish: a failed, rejected or signed job is to be done (again), with no attempts counted.
    pub async fn requeue(&self, job: JobId, lane: Lane) -> Result<JobRecord, Error> {
        let _ = (job, lane);
        unimplemented!()
    }

    /// How much work there is.
    pub async fn job_counts(&self) -> Result<JobCounts, Error> {
        unimplemented!()
    }

    /// Waits until there may be work (a job or a write-back), at the latest for `wait`. Wakes at once for what this process
    /// recorded, within the poll interval for what others did.
    pub async fn wait_for_work(&self, wait: Duration) {
        let _ = wait;
        unimplemented!()
    }
}
