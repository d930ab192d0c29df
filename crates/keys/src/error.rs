//! Why a key could not be had or used.

use model::retry::Retry;
use model::{Code, NuCode};
use std::fmt;

/// What the caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The key answered, and will answer the same again.
    Refused,
    /// The key, or what it is kept in, does not answer now.
    Unavailable,
    /// No answer in time; the key may have been used.
    TimedOut,
    /// An operator must change something.
    Misconfigured,
    /// The certificate is not one that NuGet accepts; NuGet's number says why.
    CertificateInvalid(NuCode),
    /// The certificate's time is over or about to be (NU3018), or has not come (NU3017).
    CertificateUnusable(NuCode),
    /// An error of ours.
    Internal,
}

/// An error of a key or a provider: what kind, about what, and its cause.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    context: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error without a deeper cause.
    pub fn new(kind: ErrorKind, context: impl Into<String>) -> Self {
        Self { kind, context: context.into(), source: None }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        match self.kind {
            ErrorKind::Refused => Code::KeyRefused,
            ErrorKind::Unavailable => Code::KeyUnavailable,
            ErrorKind::TimedOut => Code::KeyTimeout,
            ErrorKind::Misconfigured => Code::ConfigurationInvalid,
            ErrorKind::CertificateInvalid(_) => Code::CertificateInvalid,
            ErrorKind::CertificateUnusable(_) => Code::CertificateUnusable,
            ErrorKind::Internal => Code::Internal,
        }
    }

    /// NuGet's number, where it has one.
    pub fn nu(&self) -> Option<NuCode> {
        match self.kind {
            ErrorKind::CertificateInvalid(nu) | ErrorKind::CertificateUnusable(nu) => Some(nu),
            _ => None,
        }
    }

    /// Whether asking again can help. A certificate may be replaced while the process runs, so only a plain refusal and
    /// a mistake in the configuration are final.
    pub fn retry(&self) -> Retry {
        match self.kind {
            ErrorKind::Refused | ErrorKind::Misconfigured => Retry::Never,
            ErrorKind::Unavailable
            | ErrorKind::TimedOut
            | ErrorKind::CertificateInvalid(_)
            | ErrorKind::CertificateUnusable(_)
            | ErrorKind::Internal => Retry::Backoff,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nu() {
            Some(nu) => write!(f, "{nu}: {}", self.context),
            None => f.write_str(&self.context),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|s| s.as_ref() as _)
    }
}
