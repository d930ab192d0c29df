//! Why a signature or a token cannot be read, with the number that NuGet gives the condition (spec 4.4, 4.5, 4.8, 4.11, 5.4).

use crate::reader;
use model::{Code, NuCode, Refusal};

/// Why a NuGet signature, countersignature or time-stamp token is refused while it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not BER, or another tag than the structure has (NU3003).
    #[error("not readable as ASN.1: {0}")]
    Encoding(#[from] reader::Error),
    /// Well-formed, but not what .NET's CMS and certificate classes, or NuGet's own readers, take (NU3003).
    #[error("not readable: {0}")]
    Structure(&'static str),
    /// Not exactly one SignerInfo (NU3009).
    #[error("the signature has {0} signers instead of one")]
    Signers(usize),
    /// The commitment-type-indication is contradictory or has an empty list of qualifiers (NU3000).
    #[error("the commitment-type-indication attribute is invalid: {0}")]
    Commitment(&'static str),
    /// The signer's certificate is not in the signature (NU3010).
    #[error("the signer's certificate is not in the signature")]
    SignerCertificateMissing,
    /// The signing-certificate attributes do not name the signer's certificate as they must (NU3011).
    #[error("the signing-certificate-v2 attribute is invalid: {0}")]
    SigningCertificate(&'static str),
    /// A GeneralNames or a SigningCertificateV2 that NuGet's reader refuses by itself (NU3000).
    #[error("the signing-certificate-v2 attribute cannot be read: {0}")]
    SigningCertificateFormat(&'static str),
    /// A signing-time attribute is missing (NU3011).
    #[error("the signing-time attribute is missing")]
    SigningTimeMissing,
    /// The signed content is not what it must be (NU3000).
    #[error("the signed content is invalid: {0}")]
    Content(&'static str),
    /// The signed content is of another version (NU3007).
    #[error("the signature format version is not supported")]
    ContentVersion,
    /// The nuget-v3-service-index-url attribute is missing or invalid (NU3000).
    #[error("the nuget-v3-service-index-url attribute is invalid: {0}")]
    ServiceIndex(&'static str),
    /// The nuget-package-owners attribute is invalid (NU3000).
    #[error("the nuget-package-owners attribute is invalid: {0}")]
    Owners(&'static str),
    /// A repository countersignature without signing-time (NU3031).
    #[error("the repository countersignature has no signing-time attribute")]
    CountersignatureSigningTimeMissing,
    /// More than one repository countersignature (NU3032).
    #[error("there is more than one repository countersignature")]
    CountersignatureTwice,
    /// A repository primary signature with a repository countersignature (NU3033).
    #[error("a repository signature has a repository countersignature")]
    CountersignatureOnRepository,
    /// The certificate that signed a time-stamp token is not in it (NU3020).
    #[error("the time stamp's signer certificate is not in the token")]
    TimestampSignerCertificateMissing,
    /// A time-stamp token that breaks a rule (NU3021).
    #[error("the time stamp is invalid: {0}")]
    Timestamp(&'static str),
}

impl Error {
    /// NuGet's number for it.
    #[must_use]
    pub fn nu(&self) -> NuCode {
        NuCode(match self {
            Self::Encoding(_) | Self::Structure(_) => 3003,
            Self::Signers(_) => 3009,
            Self::Commitment(_) | Self::SigningCertificateFormat(_) | Self::Content(_) | Self::ServiceIndex(_) | Self::Owners(_) => 3000,
            Self::SignerCertificateMissing => 3010,
            Self::SigningCertificate(_) | Self::SigningTimeMissing => 3011,
            Self::ContentVersion => 3007,
            Self::CountersignatureSigningTimeMissing => 3031,
            Self::CountersignatureTwice => 3032,
            Self::CountersignatureOnRepository => 3033,
            Self::TimestampSignerCertificateMissing => 3020,
            Self::Timestamp(_) => 3021,
        })
    }

    /// Our code for it: the package's signature is broken.
    #[must_use]
    pub fn code(&self) -> Code {
        Code::SignatureInvalid
    }

    /// What a caller may read of it.
    #[must_use]
    pub fn to_refusal(&self) -> Refusal {
        Refusal { code: self.code(), nu: Some(self.nu()), reason: self.to_string() }
    }
}
