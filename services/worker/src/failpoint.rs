//! The named points of a job; see [`storage::failpoint`], whose own points lie between these.

use crate::failure::Failure;

/// Every point of this crate, in the order in which a job passes them.
pub const POINTS: &[&str] = &[
    "worker.announce.before",
    "worker.announce.committed",
    "worker.claimed",
    "worker.intent.before",
    "worker.intent.committed",
    "worker.key.answered",
    "worker.value.kept",
    "worker.timestamp.answered",
    "worker.verified",
    "worker.settle.before",
    "worker.settle.committed",
    "worker.write_back.before",
    "worker.write_back.written",
    "worker.write_back.named",
];

/// Passes the point `name`.
pub(crate) fn reach(name: &'static str) -> Result<(), Failure> {
    storage::failpoint::reach(name).map_err(Failure::Injected)
}
