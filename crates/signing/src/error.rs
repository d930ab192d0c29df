//! Why a package was not signed: which step, and its cause.

use model::retry::Retry;
use model::{Code, HashAlgorithm, NuCode, Refusal};
use time::OffsetDateTime;

/// An error of a step.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plan, or NuGet's signer, refuses the package.
    #[error("the package is refused: {}", .0.reason)]
    Refused(Refusal),
    /// The package's archive.
    #[error("the package cannot be edited")]
    Package(#[from] nupkg::Error),
    /// The signature cannot be prepared or assembled.
    #[error("the signature cannot be written")]
    Assembly(#[from] nuget_signature::prepare::Error),
    /// A signature that is there cannot be read.
    #[error("the package's signature cannot be read")]
    Signature(#[from] nuget_signature::error::Error),
    /// The digest that the signature names was not computed: the package must be read once.
    #[error("the package's {} digest is not known", .0.name())]
    DigestUnknown(HashAlgorithm),
    /// The key is not that of the certificate.
    #[error("the key does not belong to the certificate")]
    KeyMismatch,
    /// The credential has no certificate, or one that cannot be read.
    #[error("the signing certificate cannot be read")]
    Certificate(#[source] Option<certificates::Error>),
    /// The key did not sign.
    #[error("the key did not sign")]
    Key(#[from] keys::Error),
    /// The time-stamping authority did not stamp.
    #[error("the signature was not time-stamped")]
    Timestamp(#[from] timestamp::Error),
    /// The signature would lie outside its certificate's validity (NU3037).
    #[error("the signature's time, {lower} to {upper}, is not strictly inside the certificate's validity, {not_before} to {not_after}")]
    OutsideValidity {
        /// Earliest time of the signature.
        lower: OffsetDateTime,
        /// Latest time of the signature.
        upper: OffsetDateTime,
        /// Where the certificate begins.
        not_before: OffsetDateTime,
        /// Where it ends.
        not_after: OffsetDateTime,
    },
    /// There is no repository signature to take out.
    #[error("there is no repository signature to cut out: nothing to cut")]
    NothingToCut,
}

impl Error {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::Package(error) => error.code(),
            Self::Assembly(error) => error.code(),
            Self::Signature(error) => error.code(),
            Self::DigestUnknown(_) => Code::Internal,
            Self::KeyMismatch | Self::Certificate(_) => Code::CertificateInvalid,
            Self::Key(error) => error.code(),
            Self::Timestamp(error) => error.code(),
            Self::OutsideValidity { .. } => Code::CertificateExpired,
            Self::NothingToCut => Code::SignatureInvalid,
        }
    }

    /// NuGet's number, where it has one.
    #[must_use]
    pub fn nu(&self) -> Option<NuCode> {
        match self {
            Self::Refused(refusal) => refusal.nu,
            Self::Package(error) => error.nu(),
            Self::Assembly(error) => error.nu(),
            Self::Signature(error) => Some(error.nu()),
            Self::Key(error) => error.nu(),
            Self::Timestamp(error) => error.nu(),
            Self::OutsideValidity { .. } => Some(NuCode(3037)),
            Self::DigestUnknown(_) | Self::KeyMismatch | Self::Certificate(_) | Self::NothingToCut => None,
        }
    }

    /// Whether another attempt can help. What is wrong with the package stays wrong; what is wrong with a key, a certificate or
    /// an authority is somebody else's to mend meanwhile.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Refused(_) | Self::Package(_) | Self::Signature(_) | Self::NothingToCut => Retry::Never,
            Self::Assembly(error) => match error.code() {
                Code::SignatureInvalid => Retry::Never,
                _ => Retry::Backoff,
            },
            Self::Key(error) => error.retry(),
            Self::Timestamp(error) => error.retry(),
            Self::DigestUnknown(_) | Self::KeyMismatch | Self::Certificate(_) | Self::OutsideValidity { .. } => Retry::Backoff,
        }
    }

    /// What a caller may read of it.
    #[must_use]
    pub fn to_refusal(&self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::Package(error) => error.to_refusal(),
            Self::Assembly(error) => error.to_refusal(),
            Self::Signature(error) => error.to_refusal(),
            Self::Timestamp(error) => error.to_refusal(),
            other => Refusal { code: other.code(), nu: other.nu(), reason: other.to_string() },
        }
    }
}
