//! Named points between the writes of a key file, where a test can end the process as a power cut would.
//!
//! Without the cargo feature `failpoints` a point is nothing. Points are armed by the composition root or by a test; this
//! module reads no environment.

/// Every point of this crate, in the order in which a new key passes them.
pub const POINTS: &[&str] = &["keys.temporary.made", "keys.temporary.written", "keys.temporary.synced", "keys.renamed", "keys.durable"];

#[cfg(feature = "failpoints")]
static ARMED: std::sync::Mutex<Option<String>> = std::sync::Mutex::new(None);

/// Ends the process, as by `kill -9`, when it comes to the point `name`.
#[cfg(feature = "failpoints")]
pub fn arm(name: &str) {
    *ARMED.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(name.to_owned());
}

/// Passes the point `name`.
#[cfg(feature = "failpoints")]
pub(crate) fn reach(name: &str) {
    if ARMED.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_deref() == Some(name) {
        // Whoever armed it can read that it was this point, and not another end.
        tracing::warn!("the process ends at the fail point {name}");
        std::process::abort();
    }
}

/// Passes the point `name`: nothing, in this build.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(crate) fn reach(_name: &str) {}
