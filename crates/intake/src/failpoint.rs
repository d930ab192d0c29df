//! The named points of a push; see [`storage::failpoint`], whose own points lie between these.

use model::{Code, Refusal};

/// Every point of this crate, in the order in which a push passes them.
pub const POINTS: &[&str] =
    &["intake.checked", "intake.blob_stored", "intake.recorded", "intake.rejected.before", "intake.rejected_deleted"];

/// Passes a point; an armed one ends the process or fails the push as an error of ours.
pub(crate) fn reach(name: &'static str) -> Result<(), Refusal> {
    storage::failpoint::reach(name).map_err(|e| Refusal::new(Code::Internal, e.to_string()))
}
