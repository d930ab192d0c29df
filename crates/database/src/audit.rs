//! The audit of key uses: an intent before, an outcome after, neither ever changed.

use crate::sql::{self, Columns};
use crate::writer::Scope;
use crate::{Claim, Database, Error, ErrorKind, certificates};
use model::job::JobId;
use model::{Code, Digest};
use time::OffsetDateTime;

/// The key of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IntentId(pub i64);

/// What a worker is about to ask of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Fingerprint of the certificate whose key is asked, upper-case hexadecimal SHA-256.
    pub fingerprint: String,
    /// The digest that the key is to sign.
    pub digest: Digest,
}

/// What came of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The key answered and the value is kept; a timestamp is still to come.
    ValueKept,
    /// The signature was published.
    Signed,
    /// The key did not answer, or what it answered was not used.
    Failed(Code),
}

/// One row of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its key, ascending.
    pub id: i64,
    /// The intent that an outcome names; `None` for intents.
    pub intent: Option<IntentId>,
    /// The outcome's word; `None` for intents.
    pub outcome: Option<String>,
    /// When, by the database's clock.
    pub at: OffsetDateTime,
    /// The job, whose row may be gone.
    pub job: JobId,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The worker.
    pub worker: String,
    /// Who asked for the package to be signed.
    pub requested_by: Option<String>,
    /// The package's id.
    pub package_id: String,
    /// The package's version.
    pub package_version: String,
    /// SHA-256 of the unsigned form, hexadecimal.
    pub package_sha256: String,
    /// The certificate's fingerprint.
    pub fingerprint: String,
    /// Algorithm and digest that the key was to sign, as `SHA256:hex`.
    pub digest: String,
    /// Why a failed one failed.
    pub code: Option<Code>,
    /// Version of the program that wrote the row.
    pub build: String,
}

impl Database {
    /// Commits that `claim`'s worker is about to use a key. `LeaseLost` when the job is no longer its own, `Conflict` when the
    /// certificate is not announced or not active: do not ask the key then.
    pub async fn intent(&self, claim: &Claim, intent: &Intent) -> Result<IntentId, Error> {
        const SQL: &str = "-- intent\nINSERT INTO audit (at, job_id, attempt, worker, requested_by, package_id, package_version, \
             package_sha256, fingerprint, digest, build) \
             SELECT $1, j.id, j.attempts, j.worker, p.requested_by, p.package_id, p.package_version, p.unsigned_sha256, c.fingerprint, $2, $3 \
             FROM jobs j JOIN packages p ON p.id = j.package_key JOIN certificates c ON c.fingerprint = $4 AND c.active \
             WHERE j.id = $5 AND j.lease_token = $6 AND j.lease_expires_at > $1 RETURNING id";
        let (fence, intent) = (claim.fence(), intent.clone());
        self.write_atomic("writing an intent", move |scope| {
            Box::pin(async move {
                let values = [
                    scope.now.into(),
                    format!("{:?}", intent.digest).into(),
                    BUILD.into(),
                    intent.fingerprint.as_str().into(),
                    fence.job.0.into(),
                    fence.token.as_str().into(),
                ];
                match sql::row(scope.on, "writing an intent", sql::statement(SQL, values)).await? {
                    Some(row) => Columns::of(&row).next().map(IntentId),
                    None => {
                        fence.require(scope).await?;
                        certificates::require_active(scope, &intent.fingerprint).await?;
                        Err(Error::new(ErrorKind::Internal, "an intent was not written"))
                    }
                }
            })
        })
        .await
    }

    /// Commits what came of an intent, lease or no lease. (A kept value and every settle write theirs themselves.)
    pub async fn outcome(&self, intent: IntentId, outcome: &Outcome) -> Result<(), Error> {
        let outcome = outcome.clone();
        self.write_atomic("writing an outcome", move |scope| Box::pin(async move { write_outcome(scope, intent, &outcome).await })).await
    }

    /// Up to `max` rows after the row with key `after`, oldest first.
    pub async fn audit(&self, after: i64, max: u32) -> Result<Vec<AuditRow>, Error> {
        const SQL: &str = "-- audit\nSELECT id, intent_id, outcome, at, job_id, attempt, worker, requested_by, package_id, package_version, \
             package_sha256, fingerprint, digest, code, build FROM audit WHERE id > $1 ORDER BY id LIMIT $2";
        let rows = sql::rows(self.reader(), "reading the audit", sql::statement(SQL, [after.into(), max.into()])).await?;
        rows.iter().map(AuditRow::read).collect()
    }
}

impl AuditRow {
    fn read(row: &sea_orm::QueryResult) -> Result<Self, Error> {
        let mut columns = Columns::of(row);
        Ok(Self {
            id: columns.next()?,
            intent: columns.next::<Option<i64>>()?.map(IntentId),
            outcome: columns.next()?,
            at: columns.next_time()?,
            job: JobId(columns.next()?),
            attempt: u32::try_from(columns.next::<i64>()?).unwrap_or(u32::MAX),
            worker: columns.next()?,
            requested_by: columns.next()?,
            package_id: columns.next()?,
            package_version: columns.next()?,
            package_sha256: columns.next()?,
            fingerprint: columns.next()?,
            digest: columns.next()?,
            code: columns.next::<Option<String>>()?.map(|word| Code::from_word(&word).unwrap_or(Code::Internal)),
            build: columns.next()?,
        })
    }
}

/// Adds what came of an intent. `NotFound` when there is no such intent.
pub(crate) async fn write_outcome(scope: &Scope<'_>, intent: IntentId, outcome: &Outcome) -> Result<(), Error> {
    const SQL: &str = "-- outcome\nINSERT INTO audit (intent_id, outcome, at, job_id, attempt, worker, requested_by, package_id, \
         package_version, package_sha256, fingerprint, digest, code, build) \
         SELECT id, $1, $2, job_id, attempt, worker, requested_by, package_id, package_version, package_sha256, fingerprint, digest, $3, $4 \
         FROM audit WHERE id = $5 AND intent_id IS NULL";
    let (word, code) = match outcome {
        Outcome::ValueKept => ("value_kept", None),
        Outcome::Signed => ("signed", None),
        Outcome::Failed(code) => ("failed", Some(code.as_str())),
    };
    let values = [word.into(), scope.now.into(), code.into(), BUILD.into(), intent.0.into()];
    if sql::execute(scope.on, "writing an outcome", sql::statement(SQL, values)).await? == 1 {
        return Ok(());
    }
    Err(no_such_intent(Some(intent)))
}

pub(crate) fn no_such_intent(intent: Option<IntentId>) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no intent {}", intent.map_or(0, |id| id.0))).coded(Code::Internal)
}

/// Adds a failure to every intent of an attempt that has no outcome yet.
pub(crate) async fn fail_open_intents(scope: &Scope<'_>, job: JobId, attempt: u32, code: Code) -> Result<(), Error> {
    const SQL: &str = "-- fail_open_intents\nINSERT INTO audit (intent_id, outcome, at, job_id, attempt, worker, requested_by, package_id, \
         package_version, package_sha256, fingerprint, digest, code, build) \
         SELECT i.id, 'failed', $1, i.job_id, i.attempt, i.worker, i.requested_by, i.package_id, i.package_version, i.package_sha256, \
         i.fingerprint, i.digest, $2, $3 FROM audit i WHERE i.job_id = $4 AND i.attempt = $5 AND i.intent_id IS NULL \
         AND NOT EXISTS (SELECT 1 FROM audit o WHERE o.job_id = i.job_id AND o.intent_id = i.id)";
    let values = [scope.now.into(), code.as_str().into(), BUILD.into(), job.0.into(), i64::from(attempt).into()];
    sql::execute(scope.on, "ending intents", sql::statement(SQL, values)).await.map(drop)
}

pub(crate) const BUILD: &str = env!("CARGO_PKG_VERSION");
