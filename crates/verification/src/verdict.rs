//! The answer of a verification.

use model::{NuCode, Refusal};

/// How grave an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `E`.
    Error,
    /// `W`.
    Warning,
}

/// One thing that NuGet says about a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How grave it is.
    pub level: Level,
    /// NuGet's number.
    pub code: NuCode,
    /// A sentence.
    pub message: String,
}

impl Issue {
    pub(crate) fn new(level: Level, code: u16, message: impl Into<String>) -> Self {
        Self { level, code: NuCode(code), message: message.into() }
    }
}

/// What NuGet says of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the client takes it. An error among the issues does not always mean that it does not.
    pub valid: bool,
    /// Whether it is signed.
    pub signed: bool,
    /// Everything that is reported, in order.
    pub issues: Vec<Issue>,
    /// Set where NuGet could not open the package at all and fails without a number.
    pub error: Option<Refusal>,
    /// The content hash for lock files, in base64.
    pub content_hash: Option<String>,
    /// What is untidy about the archive though NuGet does not mind.
    pub notes: Vec<String>,
}

impl Verdict {
    pub(crate) fn failed(error: Refusal) -> Self {
        Self { valid: false, signed: false, issues: Vec::new(), error: Some(error), content_hash: None, notes: Vec::new() }
    }

    /// The distinct numbers with their levels, sorted: `E:NU3008`, `W:NU3027`.
    pub fn codes(&self) -> Vec<String> {
        let mut codes: Vec<String> =
            self.issues.iter().map(|issue| format!("{}:{}", if issue.level == Level::Error { 'E' } else { 'W' }, issue.code)).collect();
        codes.sort();
        codes.dedup();
        codes
    }
}

/// What one provider of the verification concludes. NuGet's order: the smaller is the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Tampered with.
    Suspect,
    /// Against the settings.
    Disallowed,
    /// Good.
    Valid,
}

/// A provider's conclusion and issues.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) issues: Vec<Issue>,
}

/// What stops a verification.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A signature or cryptographic error: every result is dropped, and this one number stays (spec 6.2).
    Signature(NuCode, String),
    /// Anything else: no answer.
    Failure(Refusal),
}

impl From<nuget_signature::error::Error> for Stop {
    fn from(error: nuget_signature::error::Error) -> Self {
        Self::Signature(error.nu(), error.to_string())
    }
}

impl Stop {
    pub(crate) fn unreadable(what: &str) -> Self {
        Self::Signature(NuCode(3003), what.to_owned())
    }
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Signature(nu, reason) => Self { code: model::Code::SignatureInvalid, nu: Some(nu), reason },
            Stop::Failure(refusal) => refusal,
        }
    }
}
