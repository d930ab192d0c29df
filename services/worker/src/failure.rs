//! Why an attempt at a job failed: which step, and its cause.

use model::{Code, Refusal};

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The blob could not be read.
    #[error("the package cannot be read from the store")]
    Store(#[from] storage::Error),
    /// The blob is not a package that can be signed.
    #[error("the package cannot be signed")]
    Package(#[from] nupkg::Error),
    /// The package's own signature cannot be read.
    #[error("the package's signature cannot be read")]
    Signature(#[from] nuget_signature::error::Error),
    /// Policy refuses the package.
    #[error("the package is refused: {}", .0.reason)]
    Refused(Refusal),
    /// A step of signing.
    #[error("signing failed")]
    Signing(#[from] signing::Error),
    /// There is no certificate to sign with.
    #[error("there is no usable certificate: {}", .0.reason)]
    Credential(Refusal),
    /// The package's digest is not the recorded one.
    #[error("the stored package is not the one that was recorded")]
    Changed,
    /// Our own verification refused what we made.
    #[error("the signed package was not fit to be published: {}", .0.reason)]
    Verification(Refusal),
    /// A write to the database.
    #[error("the database did not take it")]
    Database(#[from] database::Error),
    /// A step took too long.
    #[error("{0} took too long")]
    Slow(&'static str, Code),
    /// Attempts were begun and did not end, again and again.
    #[error("no attempt came to an end")]
    Spent(Refusal),
    /// A thread of ours ended.
    #[error("a thread of the worker ended")]
    Thread(#[from] tokio::task::JoinError),
    /// A fail point said so.
    #[error("a fail point")]
    Injected(#[source] std::io::Error),
}

impl Failure {
    /// What a caller may read of it.
    pub(crate) fn to_refusal(&self) -> Refusal {
        match self {
            Self::Store(error) => Refusal::new(error.code(), "the package cannot be read from the store"),
            Self::Package(error) => error.to_refusal(),
            Self::Signature(error) => error.to_refusal(),
            Self::Refused(refusal) | Self::Credential(refusal) | Self::Verification(refusal) | Self::Spent(refusal) => refusal.clone(),
            Self::Signing(error) => error.to_refusal(),
            Self::Changed => Refusal::new(Code::BlobChanged, self.to_string()),
            Self::Database(error) => Refusal::new(error.code(), self.to_string()),
            Self::Slow(_, code) => Refusal::new(*code, self.to_string()),
            Self::Thread(_) | Self::Injected(_) => Refusal::new(Code::Internal, self.to_string()),
        }
    }
}
