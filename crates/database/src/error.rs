//! What can go wrong with the database, by what the caller can do about it.

use model::Code;
use model::retry::Retry;
use std::sync::Arc;

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// There is no such row.
    NotFound,
    /// What is there forbids it.
    Conflict,
    /// Somebody else has the job, or its lease has ended: drop the result, do not try again.
    LeaseLost,
    /// The database does not answer, or could not commit: nothing was changed; try again later.
    Unavailable,
    /// The operation was waited for too long; it may have been done.
    TimedOut,
    /// The database cannot be used as it is configured or migrated.
    Misconfigured,
    /// A fault of ours: a row that cannot be read, a statement that cannot be run.
    Internal,
}

impl ErrorKind {
    /// Whether trying again can help.
    pub fn retry(self) -> Retry {
        match self {
            Self::Unavailable | Self::TimedOut => Retry::Backoff,
            Self::NotFound | Self::Conflict | Self::LeaseLost | Self::Misconfigured | Self::Internal => Retry::Never,
        }
    }
}

/// A database operation that failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{context}")]
pub struct Error {
    kind: ErrorKind,
    code: Code,
    context: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, context: impl Into<String>) -> Self {
        let code = match kind {
            ErrorKind::NotFound => Code::PackageNotFound,
            ErrorKind::Conflict => Code::IdentityTaken,
            ErrorKind::LeaseLost => Code::LeaseLost,
            ErrorKind::Unavailable => Code::DatabaseUnavailable,
            ErrorKind::TimedOut => Code::DeadlineExceeded,
            ErrorKind::Misconfigured => Code::ConfigurationInvalid,
            ErrorKind::Internal => Code::Internal,
        };
        Self { kind, code, context: context.into(), source: None }
    }

    pub(crate) fn coded(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    pub(crate) fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// What the caller can do.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether trying again can help.
    pub fn retry(&self) -> Retry {
        self.kind.retry()
    }
}
