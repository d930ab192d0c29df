//! Why there is no time stamp: a code and a reason of its own for each fault.

use model::retry::Retry;
use model::{Code, NuCode, Refusal};
use std::fmt;
use std::time::Duration;

/// Why an authority gave no usable time stamp.
///
/// Nearly all of it is somebody else's fault and may pass, so nearly all of it is worth another attempt later.
#[derive(Debug)]
pub struct Error {
    code: Code,
    nu: Option<NuCode>,
    authority: String,
    reason: String,
    retry: Retry,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A fault of `authority`, to be tried again after the usual back-off.
    pub fn new(authority: &str, code: Code, reason: impl Into<String>) -> Self {
        let retry = if code == Code::ConfigurationInvalid { Retry::Never } else { Retry::Backoff };
        Self { code, nu: None, authority: authority.to_owned(), reason: reason.into(), retry, source: None }
    }

    /// The same with NuGet's number.
    #[must_use]
    pub fn with_nu(mut self, nu: Option<NuCode>) -> Self {
        self.nu = nu;
        self
    }

    /// The same with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same, to be tried again after `wait` when one is known.
    #[must_use]
    pub fn after(mut self, wait: Option<Duration>) -> Self {
        if let Some(wait) = wait {
            self.retry = Retry::After(wait);
        }
        self
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// NuGet's number, where it has one.
    pub fn nu(&self) -> Option<NuCode> {
        self.nu
    }

    /// When to try again.
    pub fn retry(&self) -> Retry {
        self.retry
    }

    /// Which authority.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// What is wrong, in a sentence, without the authority's address.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What a caller may read of it: the authority's address is the operator's business.
    pub fn to_refusal(&self) -> Refusal {
        Refusal { code: self.code, nu: self.nu, reason: format!("the time-stamping authority: {}", self.reason) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nu) = self.nu {
            write!(f, "{nu}: ")?;
        }
        write!(f, "time-stamping authority {}: {}", self.authority, self.reason)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|s| s.as_ref() as _)
    }
}
