//! Who pushes, and what they are told.

use model::PackageIdentity;
use std::time::Duration;

/// Who pushes, and how long they wait.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// For the audit: never the key itself.
    pub name: Option<String>,
    /// Instead of [`crate::IntakeConfig::push_waits`].
    pub wait: Option<Duration>,
}

/// How far the package is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptState {
    /// Recorded; its signature is kept (or signing is off).
    Signed,
    /// Recorded; its signature is still to come.
    Accepted,
}

impl ReceiptState {
    /// The word in answers and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Accepted => "accepted",
        }
    }
}

/// A durable arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What was pushed.
    pub identity: PackageIdentity,
    /// How far it is.
    pub state: ReceiptState,
    /// Where to look: `/v3/status/{id}/{version}`, both in lower case.
    pub status_path: String,
    /// Whether this push recorded it (false: the same bytes were there).
    pub new: bool,
}

impl Receipt {
    pub(crate) fn of(identity: PackageIdentity, state: ReceiptState, new: bool) -> Self {
        let status_path = format!("/v3/status/{}/{}", identity.id.to_lower(), identity.version.to_lower());
        Self { identity, state, status_path, new }
    }
}
