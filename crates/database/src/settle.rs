//! Settling a claimed job: every way names the lease's token, unexpired, and changes exactly one job or nothing at all.

use crate::lease::Fence;
use crate::wake::Effect;
use crate::writer::Scope;
use crate::{Claim, Database, Error, IntentId, audit, certificates, splice_codec, sql};
use model::job::JobState;
use model::{HashAlgorithm, Refusal, Splice};
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
    /// outcome, in one transaction. The caller then has the configured grace for writing the blob and naming it. `Conflict`
    /// when the certificate is not announced, or not active any more.
    pub async fn settle_signed(&self, claim: &Claim, settled: Settled) -> Result<(), Error> {
        let (fence, worker) = (claim.fence(), claim.worker.clone());
        let write_back_after = sql::millis(self.write_back_grace());
        let p7s_sha256 = HashAlgorithm::Sha256.digest(&settled.p7s).to_hex();
        let plan = splice_codec::encode(&settled.splice, &settled.p7s);
        let size = sql::size(settled.splice.len())?;
        self.write_atomic("settling a signed job", move |scope| {
            Box::pin(async move {
                let values = [
                    fence.job.0.into(),
                    fence.token.as_str().into(),
                    scope.now.into(),
                    settled.fingerprint.as_str().into(),
                    settled.intent.map(|intent| intent.0).into(),
                    p7s_sha256.into(),
                    settled.p7s.into(),
                    plan.into(),
                    size.into(),
                    scope.now.saturating_add(write_back_after).into(),
                    worker.into(),
                    audit::BUILD.into(),
                ];
                let settled_rows = sql::together(scope.on, "settling a signed job", sql::statement(SIGNED, values)).await?;
                if settled_rows.is_empty() {
                    fence.require(scope).await?;
                    certificates::require_active(scope, &settled.fingerprint).await?;
                    return Err(audit::no_such_intent(settled.intent));
                }
                scope.after_commit(Effect::JobChanged(fence.job));
                Ok(())
            })
        })
        .await
    }

    /// The package's fault, for good. It loses its identity unless it is visible.
    pub async fn settle_rejected(&self, claim: &Claim, refusal: &Refusal) -> Result<(), Error> {
        self.settle_unsigned(claim, JobState::Rejected, refusal, Duration::ZERO).await
    }

    /// Not now: due again in `delay`, the attempt counted.
    pub async fn settle_retry(&self, claim: &Claim, refusal: &Refusal, delay: Duration) -> Result<(), Error> {
        self.settle_unsigned(claim, JobState::Pending, refusal, delay).await
    }

    /// Our fault, and attempts are spent.
    pub async fn settle_failed(&self, claim: &Claim, refusal: &Refusal) -> Result<(), Error> {
        self.settle_unsigned(claim, JobState::Failed, refusal, Duration::ZERO).await
    }

    /// Ends a lease without a signature, and every intent of the attempt that has no outcome yet.
    async fn settle_unsigned(&self, claim: &Claim, state: JobState, refusal: &Refusal, delay: Duration) -> Result<(), Error> {
        let (fence, package, attempt, refusal) = (claim.fence(), claim.package.key, claim.attempt, refusal.clone());
        self.write("settling a job", move |scope| {
            Box::pin(async move {
                let due = scope.now.saturating_add(sql::millis(delay));
                end(scope, &fence, state, &refusal, due).await?;
                audit::fail_open_intents(scope, fence.job, attempt, refusal.code).await?;
                if state == JobState::Rejected {
                    sql::execute(scope.on, "letting an identity go", sql::statement(LET_GO, [package.0.into(), false.into()])).await?;
                }
                scope.after_commit(Effect::JobChanged(fence.job));
                if state == JobState::Pending {
                    scope.after_commit(Effect::WorkQueued);
                }
                Ok(())
            })
        })
        .await
    }
}

/// Ends the lease and sets the state, if the lease is still ours.
async fn end(scope: &Scope<'_>, fence: &Fence, state: JobState, refusal: &Refusal, not_before: i64) -> Result<(), Error> {
    const SQL: &str = "-- settle\nUPDATE jobs SET state = $1, not_before = $2, code = $3, nu = $4, reason = $5, updated_at = $6, \
         lease_token = NULL, lease_expires_at = NULL, worker = NULL \
         WHERE id = $7 AND state = 'pending' AND lease_token = $8 AND lease_expires_at > $6";
    let values = [
        state.as_str().into(),
        not_before.into(),
        refusal.code.as_str().into(),
        refusal.nu.map(|nu| i32::from(nu.0)).into(),
        refusal.reason.as_str().into(),
        scope.now.into(),
        fence.job.0.into(),
        fence.token.as_str().into(),
    ];
    fence.held(sql::execute(scope.on, "settling a job", sql::statement(SQL, values)).await?)
}

/// What every statement of a signed job's settling rests on: the lease is ours, the certificate active, the intent there. So
/// either all of them change something or none does.
macro_rules! settling {
    () => {
        "FROM jobs j JOIN certificates c ON c.fingerprint = $4 AND c.active \
         WHERE j.id = $1 AND j.state = 'pending' AND j.lease_token = $2 AND j.lease_expires_at > $3 \
         AND ($5 IS NULL OR EXISTS (SELECT 1 FROM audit i WHERE i.id = $5 AND i.intent_id IS NULL))"
    };
}

/// $1 job, $2 token, $3 now, $4 fingerprint, $5 intent, $6 SHA-256 of the signature file, $7 that file, $8 plan, $9 size,
/// $10 the end of the grace, $11 worker, $12 build.
const SIGNED: &str = sql::statements!(
    "settle_signed",
    concat!(
        "INSERT INTO signatures (package_key, fingerprint, p7s_sha256, p7s, plan, signed_size_bytes, write_back_after, \
         write_back_worker, created_at) SELECT j.package_key, $4, $6, $7, $8, $9, $10, $11, $3 ",
        settling!(),
        " ON CONFLICT (package_key) DO UPDATE SET fingerprint = excluded.fingerprint, p7s_sha256 = excluded.p7s_sha256, \
         p7s = excluded.p7s, plan = excluded.plan, signed_size_bytes = excluded.signed_size_bytes, signed_blob = NULL, \
         write_back_after = excluded.write_back_after, write_back_worker = excluded.write_back_worker, created_at = excluded.created_at"
    ),
    concat!("UPDATE packages SET visible = true, signed_by = $4 WHERE id = (SELECT j.package_key ", settling!(), ")"),
    concat!("DELETE FROM kept_signature_values WHERE package_key = (SELECT j.package_key ", settling!(), ")"),
    concat!(
        "INSERT INTO audit (intent_id, outcome, at, job_id, attempt, worker, requested_by, package_id, package_version, package_sha256, \
         fingerprint, digest, build) SELECT id, 'signed', $3, job_id, attempt, worker, requested_by, package_id, package_version, \
         package_sha256, fingerprint, digest, $12 FROM audit WHERE id = $5 AND EXISTS (SELECT 1 ",
        settling!(),
        ")"
    ),
    concat!(
        "UPDATE certificates SET first_used_at = COALESCE(first_used_at, $3), last_used_at = $3 WHERE fingerprint = $4 \
         AND EXISTS (SELECT 1 ",
        settling!(),
        ")"
    ),
    concat!(
        "UPDATE jobs SET state = 'signed', not_before = $3, code = NULL, nu = NULL, reason = NULL, updated_at = $3, \
         lease_token = NULL, lease_expires_at = NULL, worker = NULL WHERE id = (SELECT j.id ",
        settling!(),
        ") RETURNING id"
    ),
);

const LET_GO: &str = "-- settle_rejected\nUPDATE packages SET holds_identity = $2 WHERE id = $1 AND NOT visible";
