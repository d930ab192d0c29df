//! First phase of signing: everything that a key must sign. The key may be anywhere and answer at any time; [`crate::assemble`]
//! takes its answer.
//!
//! What is prepared is decided by its inputs alone, so a signature value that was kept (while a time-stamping authority was away,
//! say) is used again with [`PreparedSignature::from_kept`], which prepares afresh and refuses a value for anything else.

mod certificate_fields;
mod signed_attributes;

pub(crate) use certificate_fields::{CertificateFields, SignerIdentifier};
#[cfg(feature = "faults")]
pub(crate) use signed_attributes::{Attribute, signing_certificate};
pub(crate) use signed_attributes::{attribute, rsa_encryption};

use crate::{content_writer, reader, surgery};
use bytes::Bytes;
use model::signature_kind::SignatureKind;
use model::{Code, Digest, HashAlgorithm, NuCode, Refusal};
use time::OffsetDateTime;

/// What the signed attributes say (spec 4.4, 4.5).
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a> {
    /// Author or Repository.
    pub kind: SignatureKind,
    /// The time that is written down; whole seconds are kept.
    pub signing_time: OffsetDateTime,
    /// The signer's certificate, DER.
    pub certificate: &'a [u8],
    /// The algorithm of the message digest, the certificate's hash and the signature.
    pub algorithm: HashAlgorithm,
    /// The service index URL: required for Repository, refused for Author. Written as it is given.
    pub service_index: Option<&'a str>,
    /// The package's owners; for Repository alone.
    pub owners: &'a [String],
}

/// What a signature is about.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A primary signature: the digest of the package's unsigned form, by the algorithm of the attributes.
    Package(Digest),
    /// A repository countersignature: the `.signature.p7s` that it goes into.
    Author(&'a [u8]),
}

/// A signature that lacks only its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedSignature {
    pub(crate) target: Target,
    pub(crate) certificate: Bytes,
    pub(crate) algorithm: HashAlgorithm,
    signed_attributes: Bytes,
}

/// Where the signature goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A new CMS around this content.
    Primary { content: Vec<u8> },
    /// Into this CMS.
    Countersignature { author: Bytes },
}

/// Prepares a primary signature over `package`, the digest of the unsigned form.
pub fn prepare_primary(package: Digest, attributes: &Attributes<'_>) -> Result<PreparedSignature, Error> {
    PreparedSignature::new(Subject::Package(package), attributes)
}

/// Prepares a repository countersignature on the signature in `author`, which has none.
pub fn prepare_countersignature(author: &[u8], attributes: &Attributes<'_>) -> Result<PreparedSignature, Error> {
    PreparedSignature::new(Subject::Author(author), attributes)
}

impl PreparedSignature {
    /// Prepares a signature of `subject`.
    pub fn new(subject: Subject<'_>, attributes: &Attributes<'_>) -> Result<Self, Error> {
        let (target, message) = match subject {
            Subject::Package(digest) => {
                if digest.algorithm() != attributes.algorithm {
                    return Err(Error::Algorithm);
                }
                #[cfg(feature = "faults")]
                let digest = crate::assemble::faults::break_digest(digest);
                let content = content_writer::content(digest);
                let message = attributes.algorithm.digest(&content);
                (Target::Primary { content }, message)
            }
            Subject::Author(author) => {
                let value = surgery::signature_value_to_countersign(author)?;
                (Target::Countersignature { author: Bytes::copy_from_slice(author) }, attributes.algorithm.digest(&value))
            }
        };
        let is_primary = matches!(target, Target::Primary { .. });
        if !is_primary && attributes.kind != SignatureKind::Repository {
            return Err(Error::Kind);
        }
        Ok(Self {
            signed_attributes: signed_attributes::write(attributes, message, is_primary)?.into(),
            target,
            certificate: Bytes::copy_from_slice(attributes.certificate),
            algorithm: attributes.algorithm,
        })
    }

    /// Prepares the signature again whose signed attributes were kept beside its value. The signing time is the kept one;
    /// everything else must come out as it was, else [`Error::KeptDiffers`] and the key has to be asked again.
    pub fn from_kept(signed_attributes: &[u8], subject: Subject<'_>, attributes: &Attributes<'_>) -> Result<Self, Error> {
        let signing_time = signed_attributes::signing_time(signed_attributes).ok_or(Error::KeptDiffers)?;
        let prepared = Self::new(subject, &Attributes { signing_time, ..*attributes })?;
        if prepared.signed_attributes == signed_attributes { Ok(prepared) } else { Err(Error::KeptDiffers) }
    }

    /// What the key signs: the DER SET of the signed attributes.
    #[must_use]
    pub fn signed_attributes(&self) -> &[u8] {
        &self.signed_attributes
    }

    /// The digest of [`Self::signed_attributes`], for keys that want that.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.algorithm.digest(&self.signed_attributes)
    }

    /// The algorithm of the signature.
    #[must_use]
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The signer's certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &Bytes {
        &self.certificate
    }

    /// Whether it is a countersignature.
    #[must_use]
    pub fn is_countersignature(&self) -> bool {
        matches!(self.target, Target::Countersignature { .. })
    }

    /// The signing time in it.
    #[must_use]
    pub fn signing_time(&self) -> Option<OffsetDateTime> {
        signed_attributes::signing_time(&self.signed_attributes)
    }
}

/// Why a signature cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The signature that is there cannot be read.
    #[error(transparent)]
    Signature(#[from] crate::error::Error),
    /// The signer's certificate, or one of its chain, cannot be read.
    #[error("a certificate of the signer cannot be read: {0}")]
    Certificate(reader::Error),
    /// A serial number that is negative or not minimal: NuGet refuses what is signed with it (NU3011).
    #[error("the signing certificate's serial number is not a positive integer in its shortest form")]
    Serial,
    /// The digest that was handed in is by another algorithm than the signature.
    #[error("the package's digest is by another algorithm than the signature")]
    Algorithm,
    /// A signature of a kind that does not go there.
    #[error("a signature of this kind cannot be written there")]
    Kind,
    /// The service index is missing, not https, not ASCII, or given for an author signature.
    #[error("the service index URL is missing, unusable, or given for an author signature")]
    ServiceIndex,
    /// An owner is blank, or owners are given for an author signature.
    #[error("an owner is blank, or owners are given for an author signature")]
    Owners,
    /// There is a repository countersignature already (NU3032).
    #[error("the signature has a repository countersignature already")]
    AlreadyCountersigned,
    /// The signature is a repository's own (NU3033).
    #[error("a repository signature cannot be countersigned by a repository")]
    RepositoryPrimary,
    /// The chain does not begin with the signer's certificate.
    #[error("the certificate chain does not begin with the signer's certificate")]
    Chain,
    /// What was kept is not what would be signed now.
    #[error("the kept signature is for something else")]
    KeptDiffers,
    /// Cutting the countersignature out again would not restore the file.
    #[error("the countersignature could not be taken out again without a trace")]
    NotReversible,
}

impl From<reader::Error> for Error {
    fn from(error: reader::Error) -> Self {
        Self::Signature(error.into())
    }
}

impl Error {
    /// NuGet's number, where it has one.
    #[must_use]
    pub fn nu(&self) -> Option<NuCode> {
        match self {
            Self::Signature(error) => Some(error.nu()),
            Self::Serial => Some(NuCode(3011)),
            Self::AlreadyCountersigned => Some(NuCode(3032)),
            Self::RepositoryPrimary => Some(NuCode(3033)),
            _ => None,
        }
    }

    /// Our code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Signature(error) => error.code(),
            Self::AlreadyCountersigned | Self::RepositoryPrimary | Self::NotReversible => Code::SignatureInvalid,
            Self::Certificate(_) | Self::Serial | Self::Chain => Code::CertificateInvalid,
            Self::ServiceIndex | Self::Owners => Code::ConfigurationInvalid,
            Self::Algorithm | Self::Kind | Self::KeptDiffers => Code::Internal,
        }
    }

    /// What a caller may read of it.
    #[must_use]
    pub fn to_refusal(&self) -> Refusal {
        Refusal { code: self.code(), nu: self.nu(), reason: self.to_string() }
    }
}

#[cfg(test)]
mod tests;
