//! What can go wrong with blobs and the spool, by what a caller can do about it.

use model::Code;
use model::Refusal;
use model::retry::Retry;
use std::io;

/// Whose fault it is and what can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no such blob.
    NotFound,
    /// The blob is not the one that was pinned, or not as long as was said.
    Changed,
    /// A limit of the spool; the code says which.
    Refused,
    /// The disk is full or does not answer; try later.
    Unavailable,
    /// The folder cannot be used.
    Misconfigured,
    /// An error of ours.
    Internal,
}

/// An error of the store.
#[derive(Debug, thiserror::Error)]
#[error("{context}")]
pub struct Error {
    kind: ErrorKind,
    code: Code,
    context: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, context: impl Into<String>) -> Self {
        let code = match kind {
            ErrorKind::NotFound => Code::BlobMissing,
            ErrorKind::Changed => Code::BlobChanged,
            ErrorKind::Refused | ErrorKind::Unavailable => Code::StorageUnavailable,
            ErrorKind::Misconfigured => Code::ConfigurationInvalid,
            ErrorKind::Internal => Code::Internal,
        };
        Self { kind, code, context: context.into(), source: None }
    }

    pub(crate) fn refused(code: Code, reason: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Refused, code, context: reason.into(), source: None }
    }

    /// An I/O error while doing `context`.
    pub(crate) fn io(context: impl Into<String>, source: io::Error) -> Self {
        let kind = if source.kind() == io::ErrorKind::NotFound { ErrorKind::NotFound } else { ErrorKind::Unavailable };
        Self { source: Some(Box::new(source)), ..Self::new(kind, context) }
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Its kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether trying again may help.
    pub fn retry(&self) -> Retry {
        match self.kind {
            ErrorKind::Unavailable => Retry::Backoff,
            ErrorKind::Refused => match self.code {
                Code::PackageTooLarge => Retry::Never,
                _ => Retry::Backoff,
            },
            ErrorKind::NotFound | ErrorKind::Changed | ErrorKind::Misconfigured | ErrorKind::Internal => Retry::Never,
        }
    }

    /// What a caller outside may read: limits say their reason, the rest only its kind (paths stay inside).
    pub fn to_refusal(&self) -> Refusal {
        let reason = match self.kind {
            ErrorKind::Refused => self.context.clone(),
            ErrorKind::NotFound => "the package's file is not in the store".to_owned(),
            ErrorKind::Changed => "the package's file is not the one that was recorded".to_owned(),
            ErrorKind::Unavailable => "the package store does not answer; try again later".to_owned(),
            ErrorKind::Misconfigured | ErrorKind::Internal => "the package store failed".to_owned(),
        };
        Refusal::new(self.code, reason)
    }
}
