//! Jobs as everybody but their worker sees them: reading, waiting, raising, counting.

use crate::sql::{self, Columns};
use crate::wake::Effect;
use crate::writer::Scope;
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
macro_rules! job_columns {
    () => {
        "j.id, j.package_key, j.state, j.lane, j.not_before, j.attempts, j.lease_expires_at, j.worker, j.code, j.nu, j.reason, \
         j.created_at, j.updated_at"
    };
}
pub(crate) use job_columns;

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
    /// Pending jobs of every lane, `dormant` too, and those lanes that have none.
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
        const SQL: &str = concat!("-- job\nSELECT ", sql::now!(), ", ", job_columns!(), " FROM jobs j WHERE j.id = $1");
        let row = sql::row(self.reader(), "reading a job", sql::statement(SQL, [job.0.into()])).await?;
        row.map(|row| read_with_clock(&row)).transpose()
    }

    /// Waits until `job` is settled or was put off (`due_in` is then there), at the latest until `deadline`; answers with the
    /// job as it is then. `NotFound` when there is no such job (any more).
    pub async fn wait_for_change(&self, job: JobId, deadline: Instant) -> Result<JobRecord, Error> {
        let waiting = self.wakes().wait_on(job);
        loop {
            let mut changed = std::pin::pin!(waiting.notify.notified());
            // Registered before looking, so that no change in between is missed.
            changed.as_mut().enable();
            let record = self.job(job).await?.ok_or_else(|| no_such_job(job))?;
            let now = Instant::now();
            if record.state != JobState::Pending || record.due_in.is_some() || now >= deadline {
                return Ok(record);
            }
            _ = tokio::time::timeout_at(deadline.min(now + self.poll()), changed).await;
        }
    }

    /// Makes a package's pending job as urgent as `lane`, and wakes workers. A signed package whose blob is not written gets
    /// its write-back at once.
    pub async fn raise(&self, package: PackageKey, lane: Lane) -> Result<JobRecord, Error> {
        self.write("raising a job", move |scope| {
            Box::pin(async move {
                const RAISE: &str =
                    "-- raise\nUPDATE jobs SET lane = $1, updated_at = $2 WHERE package_key = $3 AND state = 'pending' AND lane > $1";
                const WRITE_BACK: &str = "-- raise\nUPDATE signatures SET write_back_after = $1 \
                     WHERE package_key = $2 AND signed_blob IS NULL AND write_back_worker IS NULL AND write_back_after > $1";
                let job = job_of(scope, package).await?;
                match job.state {
                    JobState::Pending => {
                        let values = [lane.rank().into(), scope.now.into(), package.0.into()];
                        sql::execute(scope.on, "raising a job", sql::statement(RAISE, values)).await?;
                        scope.after_commit(Effect::WorkQueued);
                    }
                    JobState::Signed => {
                        let values = [scope.now.into(), package.0.into()];
                        sql::execute(scope.on, "raising a write-back", sql::statement(WRITE_BACK, values)).await?;
                        scope.after_commit(Effect::WriteBackQueued);
                    }
                    JobState::Rejected | JobState::Failed => {}
                }
                job_of(scope, package).await
            })
        })
        .await
    }

    /// An operator's wish: a failed, rejected or signed job is to be done (again), with no attempts counted. `Conflict` when
    /// the package was rejected and its identity is another's by now.
    pub async fn requeue(&self, job: JobId, lane: Lane) -> Result<JobRecord, Error> {
        self.write("queueing a job again", move |scope| {
            Box::pin(async move {
                const PACKAGE: &str = "-- requeue\nSELECT package_key FROM jobs WHERE id = $1";
                let row = sql::row(scope.on, "reading a job", sql::statement(PACKAGE, [job.0.into()])).await?;
                let row = row.ok_or_else(|| no_such_job(job))?;
                let package = PackageKey(Columns::of(&row).next()?);
                hold_identity(scope, package).await?;
                pend(scope, job, lane).await?;
                job_of(scope, package).await
            })
        })
        .await
    }

    /// How much work there is.
    pub async fn job_counts(&self) -> Result<JobCounts, Error> {
        const PENDING: &str = concat!(
            "-- job_counts\nSELECT ",
            sql::now!(),
            ", j.lane, count(*), min(j.created_at) FROM jobs j WHERE j.state = 'pending' GROUP BY j.lane ORDER BY j.lane"
        );
        const ENDED: &str = "-- job_counts\nSELECT state, count(*) FROM jobs WHERE state IN ('rejected', 'failed') GROUP BY state";
        const UNWRITTEN: &str = "-- job_counts\nSELECT count(*) FROM signatures WHERE signed_blob IS NULL";
        let lanes = [Lane::Interactive, Lane::Upload, Lane::Campaign, Lane::Dormant];
        let mut counts = JobCounts { pending: lanes.map(|lane| (lane, 0)).to_vec(), ..JobCounts::default() };
        let mut oldest = None::<i64>;
        for row in sql::rows(self.reader(), "counting jobs", sql::statement(PENDING, [])).await? {
            let mut columns = Columns::of(&row);
            let now = columns.next::<i64>()?;
            let lane = Lane::from_rank(columns.next()?).ok_or_else(|| Error::new(ErrorKind::Internal, "reading a lane"))?;
            let jobs = columns.next_u64()?;
            if let Some(counted) = counts.pending.iter_mut().find(|counted| counted.0 == lane) {
                counted.1 = jobs;
            }
            if lane != Lane::Dormant {
                oldest = oldest.max(Some(now - columns.next::<i64>()?));
            }
        }
        counts.oldest_pending = oldest.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or_default()));
        for row in sql::rows(self.reader(), "counting jobs", sql::statement(ENDED, [])).await? {
            let mut columns = Columns::of(&row);
            match JobState::from_word(&columns.next::<String>()?) {
                Some(JobState::Rejected) => counts.rejected = columns.next_u64()?,
                Some(JobState::Failed) => counts.failed = columns.next_u64()?,
                _ => {}
            }
        }
        if let Some(row) = sql::row(self.reader(), "counting write-backs", sql::statement(UNWRITTEN, [])).await? {
            counts.write_backs = Columns::of(&row).next_u64()?;
        }
        Ok(counts)
    }
}

/// Reads a row of the database's clock and a job.
pub(crate) fn read_with_clock(row: &sea_orm::QueryResult) -> Result<JobRecord, Error> {
    let mut columns = Columns::of(row);
    let now = columns.next()?;
    JobRecord::read(&mut columns, now)
}

/// The job of a package, as this transaction sees it.
pub(crate) async fn job_of(scope: &Scope<'_>, package: PackageKey) -> Result<JobRecord, Error> {
    const SQL: &str = concat!("-- job_of\nSELECT ", job_columns!(), " FROM jobs j WHERE j.package_key = $1");
    let row = sql::row(scope.on, "reading a job", sql::statement(SQL, [package.0.into()])).await?;
    let row = row.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no package row {package}")))?;
    JobRecord::read(&mut Columns::of(&row), scope.now)
}

/// Makes a job pending again, with no attempts counted; one that somebody has now is left to them.
pub(crate) async fn pend(scope: &Scope<'_>, job: JobId, lane: Lane) -> Result<(), Error> {
    const SQL: &str = "-- pend\nUPDATE jobs SET state = 'pending', attempts = 0, lane = $1, not_before = $2, code = NULL, nu = NULL, \
         reason = NULL, updated_at = $2 WHERE id = $3 AND lease_token IS NULL";
    let values = [lane.rank().into(), scope.now.into(), job.0.into()];
    sql::execute(scope.on, "queueing a job again", sql::statement(SQL, values)).await?;
    scope.after_commit(Effect::JobChanged(job));
    scope.after_commit(Effect::WorkQueued);
    Ok(())
}

/// Gives a package its identity back, where nobody else has taken it.
async fn hold_identity(scope: &Scope<'_>, package: PackageKey) -> Result<(), Error> {
    const TAKEN: &str = "-- hold_identity\nSELECT o.id FROM packages p JOIN packages o ON o.id_lower = p.id_lower \
         AND o.version_lower = p.version_lower AND o.holds_identity WHERE p.id = $1 AND o.id <> p.id";
    const HOLD: &str = "-- hold_identity\nUPDATE packages SET holds_identity = $2 WHERE id = $1 AND NOT holds_identity";
    let taken = sql::row(scope.on, "looking for an identity", sql::statement(TAKEN, [package.0.into()])).await?;
    if taken.is_some() {
        return Err(Error::new(ErrorKind::Conflict, "another package has the id and version by now"));
    }
    sql::execute(scope.on, "taking an identity back", sql::statement(HOLD, [package.0.into(), true.into()])).await?;
    Ok(())
}

fn no_such_job(job: JobId) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no job {job}"))
}
