//! What workers tell the other roles about the certificate they sign with.

use crate::{Database, Error};
use model::Refusal;
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
    pub age: std::time::Duration,
    /// Whether the named certificate is active; true when none is named or it is not announced.
    pub active: bool,
}

impl Database {
    /// Writes a worker's report over its last one.
    pub async fn report_credential(&self, report: CredentialReport) -> Result<(), Error> {
        let _ = report;
        unimplemented!()
    }

    /// The last report of every worker, the latest first.
    pub async fn credential_status(&self) -> Result<Vec<CredentialStatus>, Error> {
        unimplemented!()
    }
}
