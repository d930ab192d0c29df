//! What workers tell the other roles about the certificate they sign with.

use crate::jobs::read_refusal;
use crate::sql::{self, Columns};
use crate::{Database, Error};
use model::Refusal;
use std::time::Duration;
use time::OffsetDateTime;

/// A worker's word about its credential, repeated as a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialReport {
    /// The worker.
    pub worker: String,
    /// The certificate it signs with, when it has one.
    pub fingerprint: Option<String>,
    /// End of that certificate's validity.
    pub not_after: Option<OffsetDateTime>,
    /// Why it cannot sign, when it cannot.
    pub trouble: Option<Refusal>,
}

/// The last report of one worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialStatus {
    /// What it said.
    pub report: CredentialReport,
    /// When, by the database's clock.
    pub heartbeat: OffsetDateTime,
    /// How long ago that is, by the database's clock.
    pub age: Duration,
    /// Whether the named certificate is active; true when none is named or it is not announced.
    pub active: bool,
}

impl Database {
    /// Writes a worker's report over its last one.
    pub async fn report_credential(&self, report: CredentialReport) -> Result<(), Error> {
        const SQL: &str = "-- report_credential\nINSERT INTO credential_status (worker, fingerprint, not_after, code, nu, reason, heartbeat_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (worker) DO UPDATE SET fingerprint = excluded.fingerprint, \
             not_after = excluded.not_after, code = excluded.code, nu = excluded.nu, reason = excluded.reason, \
             heartbeat_at = excluded.heartbeat_at";
        self.write_atomic("reporting a credential", move |scope| {
            Box::pin(async move {
                let trouble = report.trouble;
                let values = [
                    report.worker.into(),
                    report.fingerprint.into(),
                    report.not_after.map(sql::millis_of).into(),
                    trouble.as_ref().map(|r| r.code.as_str()).into(),
                    trouble.as_ref().and_then(|r| r.nu).map(|nu| i32::from(nu.0)).into(),
                    trouble.map(|r| r.reason).into(),
                    scope.now.into(),
                ];
                sql::execute(scope.on, "reporting a credential", sql::statement(SQL, values)).await.map(drop)
            })
        })
        .await
    }

    /// The last report of every worker, the latest first.
    pub async fn credential_status(&self) -> Result<Vec<CredentialStatus>, Error> {
        const SQL: &str = concat!(
            "-- credential_status\nSELECT ",
            sql::now!(),
            ", s.heartbeat_at, COALESCE(c.active, true), s.worker, s.fingerprint, s.not_after, s.code, s.nu, s.reason \
             FROM credential_status s LEFT JOIN certificates c ON c.fingerprint = s.fingerprint ORDER BY s.heartbeat_at DESC, s.worker"
        );
        let rows = sql::rows(self.reader(), "reading credentials", sql::statement(SQL, [])).await?;
        rows.iter().map(CredentialStatus::read).collect()
    }
}

impl CredentialStatus {
    fn read(row: &sea_orm::QueryResult) -> Result<Self, Error> {
        let mut columns = Columns::of(row);
        let (now, heartbeat) = (columns.next::<i64>()?, columns.next::<i64>()?);
        let active = columns.next()?;
        let report = CredentialReport {
            worker: columns.next()?,
            fingerprint: columns.next()?,
            not_after: columns.next_time_or_none()?,
            trouble: read_refusal(&mut columns)?,
        };
        let age = Duration::from_millis(u64::try_from(now - heartbeat).unwrap_or_default());
        Ok(Self { report, heartbeat: sql::time_of(heartbeat)?, age, active })
    }
}
