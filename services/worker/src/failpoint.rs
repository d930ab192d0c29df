//! The named points of a job; see [`storage::failpoint`], whose own points lie between these.

use crate::failure::Failure;

/// Every point of this crate, in the order in which a job passes them.
pub const POINTS: &[&str] = &[
    "worker.leases.before",
    "worker.leases.ended",
    "worker.announce.before",
    "worker.announce.committed",
    "worker.report.before",
    "worker.report.committed",
    "worker.claim.before",
    "worker.claimed",
    "worker.repin.before",
    "worker.repin.committed",
    "worker.intent.before",
    "worker.intent.committed",
    "worker.key.answered",
    "worker.value.kept",
    "worker.timestamp.answered",
    "worker.verified",
    "worker.forget_value.before",
    "worker.forget_value.committed",
    "worker.settle.before",
    "worker.settle.committed",
    "worker.retry.before",
    "worker.retry.committed",
    "worker.reject.before",
    "worker.reject.committed",
    "worker.give_up.before",
    "worker.give_up.committed",
    "worker.release.before",
    "worker.release.committed",
    "worker.claim_write_backs.before",
    "worker.claim_write_backs.committed",
    "worker.write_back.before",
    "worker.write_back.written",
    "worker.write_back.named",
    "worker.postpone.before",
    "worker.postpone.committed",
];

/// Passes the point `name`.
pub(crate) fn reach(name: &'static str) -> Result<(), Failure> {
    storage::failpoint::reach(name).map_err(Failure::Injected)
}

/// The same where nothing can fail: an armed point can only end the process.
pub(crate) fn pass(name: &'static str) {
    if let Err(failure) = reach(name) {
        tracing::warn!("nothing can fail here: {}", telemetry::chain(&failure));
    }
}
