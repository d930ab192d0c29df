//! The audit of key uses: an intent before, an outcome after, neither ever changed.

use crate::{Claim, Database, Error};
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
    pub job: i64,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The worker.
    pub worker: String,
    /// Who asked for the package to be signed.
    pub requested_by: Option<String>,
    /// SHA-256 of the unsigned form, hexadecimal.
    pub package_sha256: String,
    /// The certificate's fingerprint.
    pub fingerprint: String,
    /// Algorithm and digest that the key was to sign, as `SHA256:hex`.
    pub digest: String,
    /// Why a failed one failed.
    pub code: Option<Code>,
}

impl Database {
    /// Commits that `claim`'s worker is about to use a key. `LeaseLost` when the job is no longer its own: do not ask the key then.
    pub async fn intent(&self, claim: &Claim, intent: &Intent) -> Result<IntentId, Error> {
        let _ = (claim, intent);
        unimplemented!()
    }

    /// Commits what came of an intent, lease or no lease. (A kept value and a settled signature write theirs themselves.)
    pub async fn outcome(&self, intent: IntentId, outcome: &Outcome) -> Result<(), Error> {
        let _ = (intent, outcome);
        unimplemented!()
    }

    /// Up to `max` rows after the row with key `after`, oldest first.
    pub async fn audit(&self, after: i64, max: u32) -> Result<Vec<AuditRow>, Error> {
        let _ = (after, max);
        unimplemented!()
    }
}
