//! Leases: who is looking at a job now, and until when, by the database's clock.

use crate::records::package_columns;
use crate::sql::{self, Columns};
use crate::wake::Effect;
use crate::writer::Scope;
use crate::{Database, Error, ErrorKind, KeptSignature, PackageRecord, kept_values};
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
}

impl Database {
    /// Claims up to `max` jobs that are due, the most urgent first, for `lease`. Counts an attempt of each.
    pub async fn claim(&self, max: u32, lease: Duration, worker: &str) -> Result<Vec<Claim>, Error> {
        // Each lane by itself is one range of the index of pending jobs, so that what waits for its time in one lane costs the
        // claims of another nothing.
        const SQL: &str = "-- claim\nUPDATE jobs SET lease_token = $1, lease_expires_at = $2, worker = $3, attempts = attempts + 1, \
             updated_at = $4 WHERE id IN (SELECT due.id FROM (\
             SELECT * FROM (SELECT id, lane, not_before FROM jobs WHERE state = 'pending' AND lane = 0 AND not_before <= $4 \
             AND (lease_expires_at IS NULL OR lease_expires_at <= $4) ORDER BY not_before, id LIMIT $5) AS interactive \
             UNION ALL \
             SELECT * FROM (SELECT id, lane, not_before FROM jobs WHERE state = 'pending' AND lane = 1 AND not_before <= $4 \
             AND (lease_expires_at IS NULL OR lease_expires_at <= $4) ORDER BY not_before, id LIMIT $5) AS upload \
             UNION ALL \
             SELECT * FROM (SELECT id, lane, not_before FROM jobs WHERE state = 'pending' AND lane = 2 AND not_before <= $4 \
             AND (lease_expires_at IS NULL OR lease_expires_at <= $4) ORDER BY not_before, id LIMIT $5) AS campaign \
             ) AS due ORDER BY due.lane, due.not_before, due.id LIMIT $5) RETURNING id";
        self.claim_by(lease, worker, move |term, now| {
            let values = [term.token.as_str().into(), term.expires(now).into(), term.worker.as_str().into(), now.into(), max.into()];
            sql::statement(SQL, values)
        })
        .await
    }

    /// Claims those of `jobs` that are due and nobody has.
    pub async fn claim_jobs(&self, jobs: &[JobId], lease: Duration, worker: &str) -> Result<Vec<Claim>, Error> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let keys = sql::padded(jobs.iter().map(|job| job.0));
        self.claim_by(lease, worker, move |term, now| {
            let sql = format!(
                "-- claim_jobs\nUPDATE jobs SET lease_token = $1, lease_expires_at = $2, worker = $3, attempts = attempts + 1, \
                 updated_at = $4 WHERE state = 'pending' AND lane IN (0, 1, 2) AND not_before <= $4 \
                 AND (lease_expires_at IS NULL OR lease_expires_at <= $4) AND id IN ({}) RETURNING id",
                sql::placeholders(5, keys.len())
            );
            let mut values: Vec<sea_orm::Value> =
                vec![term.token.as_str().into(), term.expires(now).into(), term.worker.as_str().into(), now.into()];
            values.extend(keys);
            sql::statement(&sql, values)
        })
        .await
    }

    /// Has the lease of `claim` end `lease` from now.
    pub async fn extend(&self, claim: &mut Claim, lease: Duration) -> Result<(), Error> {
        const SQL: &str = "-- extend\nUPDATE jobs SET lease_expires_at = $1 WHERE id = $2 AND lease_token = $3 AND lease_expires_at > $4";
        let begun = Instant::now();
        let fence = claim.fence();
        self.write_atomic("extending a lease", move |scope| {
            Box::pin(async move {
                let until = scope.now.saturating_add(sql::millis(lease));
                let values = [until.into(), fence.job.0.into(), fence.token.as_str().into(), scope.now.into()];
                fence.held(sql::execute(scope.on, "extending a lease", sql::statement(SQL, values)).await?)
            })
        })
        .await?;
        claim.ends = begun + lease;
        Ok(())
    }

    /// Hands a job back untried: its attempt is not counted, and it is due in `delay`.
    pub async fn release(&self, claim: &Claim, delay: Duration) -> Result<(), Error> {
        const SQL: &str = "-- release\nUPDATE jobs SET lease_token = NULL, lease_expires_at = NULL, worker = NULL, \
             attempts = attempts - 1, not_before = $1, updated_at = $2 WHERE id = $3 AND lease_token = $4 AND lease_expires_at > $2";
        let fence = claim.fence();
        self.write_atomic("handing a job back", move |scope| {
            Box::pin(async move {
                let due = scope.now.saturating_add(sql::millis(delay));
                let values = [due.into(), scope.now.into(), fence.job.0.into(), fence.token.as_str().into()];
                fence.held(sql::execute(scope.on, "handing a job back", sql::statement(SQL, values)).await?)?;
                scope.after_commit(Effect::JobChanged(fence.job));
                scope.after_commit(Effect::WorkQueued);
                Ok(())
            })
        })
        .await
    }

    /// Ends what an earlier life of `worker` had claimed, jobs and write-backs; says how many. Only for a worker that is
    /// known to be gone: the attempts stay counted.
    pub async fn end_leases_of(&self, worker: &str) -> Result<u64, Error> {
        const JOBS: &str = "-- end_leases_of\nUPDATE jobs SET lease_token = NULL, lease_expires_at = NULL, worker = NULL, updated_at = $1 \
             WHERE state = 'pending' AND worker = $2";
        const WRITE_BACKS: &str = "-- end_leases_of\nUPDATE signatures SET write_back_after = $1, write_back_worker = NULL \
             WHERE signed_blob IS NULL AND write_back_worker = $2";
        let worker = worker.to_owned();
        self.write("ending leases", move |scope| {
            Box::pin(async move {
                let values = [scope.now.into(), worker.as_str().into()];
                let jobs = sql::execute(scope.on, "ending leases", sql::statement(JOBS, values.clone())).await?;
                let write_backs = sql::execute(scope.on, "ending write-backs", sql::statement(WRITE_BACKS, values)).await?;
                scope.after_commit(Effect::WorkQueued);
                scope.after_commit(Effect::WriteBackQueued);
                Ok(jobs + write_backs)
            })
        })
        .await
    }

    async fn claim_by<F>(&self, lease: Duration, worker: &str, statement: F) -> Result<Vec<Claim>, Error>
    where
        F: FnOnce(&Term, i64) -> sea_orm::Statement + Send + 'static,
    {
        // Before the claim, so that the worker's clock ends the lease no later than the database's.
        let ends = Instant::now() + lease;
        let term = Term { token: uuid::Uuid::new_v4().simple().to_string(), worker: worker.to_owned(), lease, ends };
        self.write("claiming jobs", move |scope| {
            Box::pin(async move {
                let statement = statement(&term, scope.now);
                let claimed = sql::rows(scope.on, "claiming jobs", statement).await?;
                let jobs: Vec<i64> = claimed.iter().map(|row| Columns::of(row).next()).collect::<Result<_, _>>()?;
                read_claims(scope, &term, &jobs).await
            })
        })
        .await
    }
}

/// What the claims of one statement have in common.
struct Term {
    token: String,
    worker: String,
    lease: Duration,
    ends: Instant,
}

impl Term {
    fn expires(&self, now: i64) -> i64 {
        now.saturating_add(sql::millis(self.lease))
    }
}

async fn read_claims(scope: &Scope<'_>, term: &Term, jobs: &[i64]) -> Result<Vec<Claim>, Error> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let keys = sql::padded(jobs.iter().copied());
    let select = format!(
        concat!(
            "-- claim\nSELECT j.id, j.attempts, j.lane, \
             EXISTS (SELECT 1 FROM kept_signature_values k WHERE k.package_key = j.package_key), ",
            package_columns!(),
            " FROM jobs j JOIN packages p ON p.id = j.package_key WHERE j.id IN ({}) ORDER BY j.lane, j.not_before, j.id"
        ),
        sql::placeholders(1, keys.len())
    );
    let mut claims = Vec::with_capacity(jobs.len());
    for row in sql::rows(scope.on, "reading claimed jobs", sql::statement(&select, keys)).await? {
        let mut columns = Columns::of(&row);
        let job = JobId(columns.next()?);
        let unreadable = || Error::new(ErrorKind::Internal, format!("reading job {job}"));
        let attempt = u32::try_from(columns.next::<i64>()?).map_err(|e| unreadable().caused_by(e))?;
        let lane = Lane::from_rank(columns.next()?).ok_or_else(unreadable)?;
        let has_kept: bool = columns.next()?;
        let package = PackageRecord::read(&mut columns)?;
        let kept = if has_kept { kept_values::of_package(scope, package.key).await? } else { Vec::new() };
        let (token, worker, ends) = (term.token.clone(), term.worker.clone(), term.ends);
        claims.push(Claim { job, token, attempt, lane, worker, ends, package, kept });
    }
    Ok(claims)
}

/// What a write under a lease names.
#[derive(Debug, Clone)]
pub(crate) struct Fence {
    pub(crate) job: JobId,
    pub(crate) token: String,
}

impl Fence {
    /// The lease is ours when exactly one row had its token, unexpired.
    pub(crate) fn held(&self, rows: u64) -> Result<(), Error> {
        if rows == 1 { Ok(()) } else { Err(self.lost()) }
    }

    /// For telling why a statement under the lease changed nothing.
    pub(crate) async fn require(&self, scope: &Scope<'_>) -> Result<(), Error> {
        const SQL: &str = "-- fence\nSELECT 1 FROM jobs WHERE id = $1 AND state = 'pending' AND lease_token = $2 AND lease_expires_at > $3";
        let values = [self.job.0.into(), self.token.as_str().into(), scope.now.into()];
        let row = sql::row(scope.on, "reading a lease", sql::statement(SQL, values)).await?;
        self.held(u64::from(row.is_some()))
    }

    fn lost(&self) -> Error {
        Error::new(ErrorKind::LeaseLost, format!("the lease of job {} has ended", self.job))
    }
}

impl Claim {
    pub(crate) fn fence(&self) -> Fence {
        Fence { job: self.job, token: self.token.clone() }
    }
}
