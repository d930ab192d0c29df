//! When a signature was made, and whether its certificate was valid then (spec 5.5).

use crate::Error;
use certificates::Certificate;
use nuget_signature::timestamp_token::TimestampToken;
use time::OffsetDateTime;

/// The time in which a signature was made: a time stamp's, give or take its accuracy, else one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Earliest.
    pub lower: OffsetDateTime,
    /// Latest.
    pub upper: OffsetDateTime,
}

impl Window {
    /// The moment `now`.
    #[must_use]
    pub fn at(now: OffsetDateTime) -> Self {
        Self { lower: now, upper: now }
    }

    /// The time that `token` vouches for.
    #[must_use]
    pub fn of(token: &TimestampToken) -> Self {
        let (at, accuracy) = (token.info().gen_time, token.info().accuracy.unwrap_or_default());
        Self { lower: at.checked_sub(accuracy).unwrap_or(at), upper: at.checked_add(accuracy).unwrap_or(at) }
    }
}

/// Refuses a signature whose window is not strictly inside the validity of its certificate: NuGet answers NU3037 for ever.
pub fn check_window(certificate: &Certificate, window: Window) -> Result<(), Error> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if window.lower > not_before && window.upper < not_after {
        return Ok(());
    }
    Err(Error::OutsideValidity { lower: window.lower, upper: window.upper, not_before, not_after })
}
