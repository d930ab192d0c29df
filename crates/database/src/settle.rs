//! Settling a claimed job: every way names the lease's token, unexpired, and changes exactly one job or nothing at all.

use crate::{Claim, Database, Error, IntentId};
use model::{Refusal, Splice};
use std::time::Duration;

/// A finished signature.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The `.signature.p7s` bytes.
    pub p7s: Vec<u8>,
    /// The plan of the signed file over the incoming blob.
    pub splice: Splice,
    /// Fingerprint of the certificate that it is by, upper-case hexadecimal SHA-256.
    pub fingerprint: String,
    /// The intent of the key use, for the audit; `None` when the package came with our signature and keeps it.
    pub intent: Option<IntentId>,
}

impl Database {
    /// Keeps the signature and its plan, makes the package visible and the job signed, marks the certificate used and writes the
    /// outcome, in one transaction. The caller then has the configured grace for writing the blob and naming it.
    pub async fn settle_signed(&self, claim: &Claim, settled: Settled) -> Result<(), Error> {
        let _ = (claim, settled);
        unimplemented!()
    }

    /// The package's fault, for good. It loses its identity unless it is visible.
    pub async fn settle_rejected(&self, claim: &Claim, refusal: &Refusal) -> Result<(), Error> {
        let _ = (claim, refusal);
        unimplemented!()
    }

    /// Not now: due again in `delay`, the attempt counted.
    pub async fn settle_retry(&self, claim: &Claim, refusal: &Refusal, delay: Duration) -> Result<(), Error> {
        let _ = (claim, refusal, delay);
        unimplemented!()
    }

    /// Our fault, and attempts are spent.
    pub async fn settle_failed(&self, claim: &Claim, refusal: &Refusal) -> Result<(), Error> {
        let _ = (claim, refusal);
        unimplemented!()
    }
}
