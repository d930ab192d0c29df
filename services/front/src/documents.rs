//! The documents of the NuGet v3 protocol that front writes: pure, from what rows and configuration say.

pub(crate) mod package_status;
pub(crate) mod registration;
pub(crate) mod repository_signatures;
pub(crate) mod service_index;

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A moment as documents have it: RFC 3339 in UTC, to the second.
pub(crate) fn moment(at: OffsetDateTime) -> String {
    let utc = at.to_offset(UtcOffset::UTC);
    utc.replace_nanosecond(0).unwrap_or(utc).format(&Rfc3339).unwrap_or_default()
}
