//! The named points around what front writes; see [`storage::failpoint`].

/// Every point of this crate.
pub const POINTS: &[&str] = &["front.raise.before", "front.raise.committed", "front.forget_blob.before", "front.forget_blob.committed"];

/// Passes a point; an armed one can only end the process.
pub(crate) fn pass(name: &'static str) {
    if let Err(error) = storage::failpoint::reach(name) {
        tracing::warn!(%error, "nothing can fail here");
    }
}
