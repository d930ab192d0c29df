//! A primary signature read from a `.signature.p7s`, with NuGet's checks in NuGet's order (spec 4.11): structure and names, no
//! cryptography, no trust.

use crate::attributes::{owners, service_index, signing_certificate};
use crate::content::SignatureContent;
use crate::error::Error;
use crate::signed_data::{Places, SignedData};
use crate::signer_info::SignerInfo;
use crate::spec;
use bytes::Bytes;
use model::signature_kind::SignatureKind;
use std::ops::Range;

/// A primary signature that loads in NuGet.
#[derive(Debug, Clone)]
pub struct PrimarySignature {
    data: SignedData,
    signer: SignerInfo,
    signer_certificate: usize,
    kind: SignatureKind,
    content: SignatureContent,
    service_index: Option<String>,
    owners: Vec<String>,
    countersigners: Result<Vec<SignerInfo>, Error>,
}

/// A repository countersignature that NuGet loads (spec 4.8).
#[derive(Debug, Clone)]
pub struct RepositoryCountersignature<'a> {
    signer: &'a SignerInfo,
    service_index: String,
    owners: Vec<String>,
}

impl PrimarySignature {
    /// Reads and checks `der` as NuGet does while it loads a signature.
    pub fn parse(der: impl Into<Bytes>) -> Result<Self, Error> {
        let data = SignedData::decode(der)?;
        let [signer] = data.signers() else { return Err(Error::Signers(data.signers().len())) };
        let signer = signer.clone();
        let kind = signer.kind()?;
        let signer_certificate = signer.find_certificate(data.certificates())?.ok_or(Error::SignerCertificateMissing)?;
        let certificate = data.certificates().get(signer_certificate).ok_or(Error::SignerCertificateMissing)?;
        signing_certificate::check_primary(&signer, kind, certificate)?;
        if kind != SignatureKind::Unknown && signer.signed(spec::SIGNING_TIME).next().is_none() {
            return Err(Error::SigningTimeMissing);
        }
        let content = SignatureContent::read(data.content())?;
        let (service_index, owners) = match kind {
            SignatureKind::Repository => (Some(service_index::read(&signer)?), owners::read(&signer)?),
            SignatureKind::Author | SignatureKind::Unknown => (None, Vec::new()),
        };
        let countersigners = signer.countersigners();
        Ok(Self { data, signer, signer_certificate, kind, content, service_index, owners, countersigners })
    }

    /// The bytes it was read from.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        self.data.bytes()
    }

    /// The CMS structure.
    #[must_use]
    pub fn signed_data(&self) -> &SignedData {
        &self.data
    }

    /// Where the parts lie that an edit touches.
    #[must_use]
    pub fn places(&self) -> &Places {
        self.data.places()
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> SignatureKind {
        self.kind
    }

    /// The signed content.
    #[must_use]
    pub fn content(&self) -> &SignatureContent {
        &self.content
    }

    /// The octets of the signed content.
    #[must_use]
    pub fn content_bytes(&self) -> &[u8] {
        self.data.content()
    }

    /// The octets that the signer's digest is over: those of the content, except where it is no OCTET STRING.
    #[must_use]
    pub fn signed_octets(&self) -> &[u8] {
        self.data.signed_octets()
    }

    /// Every certificate, in file order, duplicates kept.
    #[must_use]
    pub fn certificates(&self) -> &[Bytes] {
        self.data.certificates()
    }

    /// Where each of [`Self::certificates`] lies in the file.
    #[must_use]
    pub fn certificate_ranges(&self) -> &[Range<usize>] {
        self.data.certificate_ranges()
    }

    /// The primary SignerInfo.
    #[must_use]
    pub fn signer(&self) -> &SignerInfo {
        &self.signer
    }

    /// The primary signer's certificate.
    #[must_use]
    pub fn signer_certificate(&self) -> &Bytes {
        // `parse` found it there.
        static NONE: Bytes = Bytes::new();
        self.data.certificates().get(self.signer_certificate).unwrap_or(&NONE)
    }

    /// The service index of a repository primary signature, as it stands.
    #[must_use]
    pub fn service_index(&self) -> Option<&str> {
        self.service_index.as_deref()
    }

    /// The owners of a repository primary signature.
    #[must_use]
    pub fn owners(&self) -> &[String] {
        &self.owners
    }

    /// The countersigners as .NET enumerates them: all in file order, or the fault of one (NU3003).
    pub fn countersigners(&self) -> Result<&[SignerInfo], Error> {
        self.countersigners.as_deref().map_err(|error| *error)
    }

    /// NuGet's "has a repository countersignature", which it asks in every mode: false outright for repository primaries.
    pub fn has_repository_countersignature(&self) -> Result<bool, Error> {
        if self.kind == SignatureKind::Repository {
            return Ok(false);
        }
        for countersigner in self.countersigners()? {
            if countersigner.kind()? == SignatureKind::Repository {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The repository countersignature, when there is one, with every check of spec 4.8.
    pub fn repository_countersignature(&self) -> Result<Option<RepositoryCountersignature<'_>>, Error> {
        let mut found = None;
        for signer in self.countersigners()? {
            if signer.kind()? != SignatureKind::Repository {
                continue;
            }
            if found.is_some() {
                return Err(Error::CountersignatureTwice);
            }
            if self.kind == SignatureKind::Repository {
                return Err(Error::CountersignatureOnRepository);
            }
            let service_index = service_index::read(signer)?;
            let owners = owners::read(signer)?;
            if signer.signed(spec::SIGNING_TIME).next().is_none() {
                return Err(Error::CountersignatureSigningTimeMissing);
            }
            found = Some(RepositoryCountersignature { signer, service_index, owners });
        }
        Ok(found)
    }

    /// The signature value that NuGet compares the primary's time stamp with. It encodes the CMS again to get at it, which can
    /// fail (NU3003).
    pub fn primary_timestamp_target(&self) -> Result<&[u8], Error> {
        self.check_reencoding()?;
        Ok(self.signer.signature_value())
    }

    /// The signature value that NuGet compares a countersignature's time stamp with: that of countersigner 0 after a DER
    /// encoding, which sorts (spec 4.8); none when there is no countersigner.
    pub fn countersignature_timestamp_target(&self) -> Result<Option<Bytes>, Error> {
        self.check_reencoding()?;
        self.signer.first_countersignature_value_in_der()
    }

    fn check_reencoding(&self) -> Result<(), Error> {
        if self.data.can_be_reencoded() { Ok(()) } else { Err(Error::Structure("the signature cannot be encoded again")) }
    }
}

impl<'a> RepositoryCountersignature<'a> {
    /// Its SignerInfo.
    #[must_use]
    pub fn signer(&self) -> &'a SignerInfo {
        self.signer
    }

    /// Its service index, as it stands.
    #[must_use]
    pub fn service_index(&self) -> &str {
        &self.service_index
    }

    /// Its owners.
    #[must_use]
    pub fn owners(&self) -> &[String] {
        &self.owners
    }
}
