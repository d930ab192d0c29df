//! A primary signature read from a `.signature.p7s`, with NuGet's checks in NuGet's order (spec 4.11).

use crate::content::SignatureContent;
use crate::error::Error;
use crate::signer_info::SignerInfo;
use bytes::Bytes;
use model::signature_kind::SignatureKind;
use std::ops::Range;

/// A primary signature that loads in NuGet.
#[derive(Debug, Clone)]
pub struct PrimarySignature {
    file: Bytes,
}

/// Where the parts of a SignedData that an edit touches lie in the file: whole elements, headers included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The ContentInfo (bytes may stand behind it).
    pub content_info: Range<usize>,
    /// Its `[0]`.
    pub explicit: Range<usize>,
    /// The SignedData SEQUENCE.
    pub signed_data: Range<usize>,
    /// The set of digest algorithms.
    pub digest_algorithms: Range<usize>,
    /// The encapsulated content info.
    pub encapsulated: Range<usize>,
    /// The certificate set `[0]`, when present.
    pub certificates: Option<Range<usize>>,
    /// The `[1]` of revocation lists, when present.
    pub crls: Option<Range<usize>>,
    /// The set of signer infos.
    pub signer_infos: Range<usize>,
}

/// A repository countersignature (spec 4.8).
#[derive(Debug, Clone, Copy)]
pub struct RepositoryCountersignature<'a> {
    /// Its SignerInfo.
    pub signer: &'a SignerInfo,
}

impl PrimarySignature {
    /// Reads and checks `der` as NuGet does while it loads a signature: no cryptography, no trust.
    pub fn parse(der: impl Into<Bytes>) -> Result<Self, Error> {
        let _: Bytes = der.into();
        unimplemented!()
    }
    /// The bytes it was read from.
    pub fn bytes(&self) -> &[u8] {
        &self.file
    }
    /// What kind it is.
    pub fn kind(&self) -> SignatureKind {
        unimplemented!()
    }
    /// The signed content.
    pub fn content(&self) -> &SignatureContent {
        unimplemented!()
    }
    /// The octets of the signed content.
    pub fn content_bytes(&self) -> &[u8] {
        unimplemented!()
    }
    /// Every certificate, in file order, duplicates kept.
    pub fn certificates(&self) -> &[Bytes] {
        unimplemented!()
    }
    /// Where each of [`Self::certificates`] lies in the file.
    pub fn certificate_ranges(&self) -> &[Range<usize>] {
        unimplemented!()
    }
    /// The primary SignerInfo.
    pub fn signer(&self) -> &SignerInfo {
        unimplemented!()
    }
    /// The primary signer's certificate.
    pub fn signer_certificate(&self) -> &Bytes {
        unimplemented!()
    }
    /// The service index of a repository primary signature.
    pub fn service_index(&self) -> Option<&str> {
        unimplemented!()
    }
    /// The owners of a repository primary signature.
    pub fn owners(&self) -> &[String] {
        unimplemented!()
    }
    /// Where the parts lie that an edit touches.
    pub fn places(&self) -> &Places {
        unimplemented!()
    }
    /// The countersigners as .NET enumerates them; each may have failed to decode.
    pub fn countersigners(&self) -> Result<&[SignerInfo], Error> {
        unimplemented!()
    }
    /// The repository countersignature, when there is one, with every check of spec 4.8.
    pub fn repository_countersignature(&self) -> Result<Option<RepositoryCountersignature<'_>>, Error> {
        unimplemented!()
    }
    /// NuGet's "has a repository countersignature": false outright for repository primaries.
    pub fn has_repository_countersignature(&self) -> Result<bool, Error> {
        unimplemented!()
    }
    /// The signature value that NuGet compares a countersignature's time stamp with: that of countersigner 0 after a DER
    /// re-encoding, which sorts (spec 4.8).
    pub fn countersigner_zero_signature_value(&self) -> Option<&[u8]> {
        unimplemented!()
    }
}

impl<'a> RepositoryCountersignature<'a> {
    /// Its service index.
    pub fn service_index(&self) -> &'a str {
        unimplemented!()
    }
    /// Its owners.
    pub fn owners(&self) -> &'a [String] {
        unimplemented!()
    }
}
