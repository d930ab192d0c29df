//! What can go wrong with a queue, by what the caller can do about it.

use model::Code;
use model::retry::Retry;
use std::sync::Arc;

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The broker does not answer: try again later.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl ErrorKind {
    /// Whether trying again can help.
    pub fn retry(self) -> Retry {
        match self {
            Self::Unavailable => Retry::Backoff,
            Self::Internal => Retry::Never,
        }
    }
}

/// A queue operation that failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{context}")]
pub struct Error {
    kind: ErrorKind,
    context: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind` while doing what `context` says, caused by `source`.
    pub fn new(kind: ErrorKind, context: impl Into<String>, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { kind, context: context.into(), source: Some(Arc::new(source)) }
    }

    /// What the caller can do.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        match self.kind {
            ErrorKind::Unavailable => Code::DatabaseUnavailable,
            ErrorKind::Internal => Code::Internal,
        }
    }
}
