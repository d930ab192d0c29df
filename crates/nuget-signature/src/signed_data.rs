//! A CMS SignedData (RFC 5652 5.1) as .NET decodes it, with the place of each part in the file. Primary signatures and
//! time-stamp tokens are both one.
//!
//! ```text
//! ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT ANY }
//! SignedData ::= SEQUENCE { version, digestAlgorithms SET OF AlgorithmIdentifier, encapContentInfo,
//!     certificates [0] IMPLICIT SET OF CertificateChoices OPTIONAL, crls [1] IMPLICIT SET OF ANY OPTIONAL,
//!     signerInfos SET OF SignerInfo }
//! ```

use crate::error::Error;
use crate::primitive;
use crate::reader::{Element, Fields};
use crate::signer_info::{self, AlgorithmIdentifier, SignerInfo};
use crate::spec::{self, tag};
use bytes::Bytes;
use std::ops::Range;

/// Where the parts of a SignedData lie in the file: whole elements, headers included.
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

/// A decoded SignedData.
#[derive(Debug, Clone)]
pub struct SignedData {
    file: Bytes,
    places: Places,
    content_type: Bytes,
    content: Bytes,
    signed_octets: Bytes,
    certificates: Vec<Bytes>,
    certificate_ranges: Vec<Range<usize>>,
    signers: Vec<SignerInfo>,
    der_parts: bool,
}

impl SignedData {
    /// Decodes the ContentInfo at the start of `file`; bytes behind it are ignored. Every failure is NU3003.
    pub fn decode(file: impl Into<Bytes>) -> Result<Self, Error> {
        let file = file.into();
        let content_info = Element::first(&file)?.expect(tag::SEQUENCE)?;
        let mut fields = Fields::of(&content_info)?;
        let content_type = primitive::oid(fields.any()?)?;
        let explicit = fields.take(tag::constructed(0))?;
        fields.finish()?;
        if content_type != spec::ID_SIGNED_DATA {
            return Err(Error::Structure("the content is not SignedData"));
        }
        let mut fields = Fields::of(&explicit)?;
        let signed_data = fields.take(tag::SEQUENCE)?;
        fields.finish()?;

        let mut fields = Fields::of(&signed_data)?;
        primitive::version(fields.any()?)?;
        let digest_algorithms = fields.take(tag::SET)?;
        let mut der_parts = true;
        for algorithm in digest_algorithms.children()? {
            der_parts &= AlgorithmIdentifier::decode(&file, &algorithm)?.1;
        }
        let encapsulated = fields.take(tag::SEQUENCE)?;
        let Encapsulated { content_type, content, signed_octets } = Encapsulated::decode(&file, &encapsulated)?;
        let certificate_set = fields.optional(tag::constructed(0));
        let crls = fields.optional(tag::constructed(1));
        let signer_infos = fields.take(tag::SET)?;
        fields.finish()?;

        let mut certificate_ranges = Vec::new();
        if let Some(set) = certificate_set {
            for choice in set.children()? {
                der_parts &= choice.has_der_header();
                if is_certificate(&choice)? {
                    certificate_ranges.push(choice.range());
                }
            }
        }
        if let Some(set) = crls {
            for list in set.children()? {
                der_parts &= list.has_der_header();
            }
        }
        let signers = signer_infos.children()?.iter().map(|info| SignerInfo::decode(&file, info, false)).collect::<Result<Vec<_>, _>>()?;
        let places = Places {
            content_info: content_info.range(),
            explicit: explicit.range(),
            signed_data: signed_data.range(),
            digest_algorithms: digest_algorithms.range(),
            encapsulated: encapsulated.range(),
            certificates: certificate_set.map(|set| set.range()),
            crls: crls.map(|set| set.range()),
            signer_infos: signer_infos.range(),
        };
        let certificates = certificate_ranges.iter().map(|range| file.slice(range.clone())).collect();
        Ok(Self { places, content_type, content, signed_octets, certificates, certificate_ranges, signers, der_parts, file })
    }

    /// The bytes it was read from, with whatever stands behind it.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.file
    }

    /// Where its parts lie.
    #[must_use]
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Content octets of the content type's identifier.
    #[must_use]
    pub fn content_type(&self) -> &[u8] {
        &self.content_type
    }

    /// The content's octets; empty when there is none.
    #[must_use]
    pub fn content(&self) -> &Bytes {
        &self.content
    }

    /// The octets that the signers' digests are over: the content's, without its header where it is no OCTET STRING.
    #[must_use]
    pub fn signed_octets(&self) -> &Bytes {
        &self.signed_octets
    }

    /// Every certificate, in file order, duplicates kept.
    #[must_use]
    pub fn certificates(&self) -> &[Bytes] {
        &self.certificates
    }

    /// Where each of [`Self::certificates`] lies in the file.
    #[must_use]
    pub fn certificate_ranges(&self) -> &[Range<usize>] {
        &self.certificate_ranges
    }

    /// Every SignerInfo, in file order.
    #[must_use]
    pub fn signers(&self) -> &[SignerInfo] {
        &self.signers
    }

    /// That .NET can encode it again (which NuGet does to get at signature values): whatever it copies as it stands must have
    /// a DER header, the content excepted.
    #[must_use]
    pub fn can_be_reencoded(&self) -> bool {
        self.der_parts && self.signers.iter().all(SignerInfo::can_be_reencoded)
    }
}

/// CertificateChoices: certificates count; attribute certificates and other formats are passed over.
fn is_certificate(choice: &Element<'_>) -> Result<bool, Error> {
    match choice.tag {
        tag::SEQUENCE => Ok(true),
        0x80..=0x82 | 0xA0..=0xA2 => Ok(false),
        0xA3 => {
            let mut fields = Fields::of(choice)?;
            primitive::oid(fields.any()?)?;
            fields.any()?;
            fields.finish()?;
            Ok(false)
        }
        _ => Err(Error::Structure("the certificate set holds something else")),
    }
}

struct Encapsulated {
    content_type: Bytes,
    content: Bytes,
    signed_octets: Bytes,
}

impl Encapsulated {
    /// `SEQUENCE { eContentType OBJECT IDENTIFIER, eContent [0] EXPLICIT OCTET STRING OPTIONAL }`; for a type other than
    /// id-data .NET takes whatever else stands in the `[0]`, as PKCS #7 wrote it.
    fn decode(file: &Bytes, element: &Element<'_>) -> Result<Self, Error> {
        let mut fields = Fields::of(element)?;
        let content_type = Bytes::copy_from_slice(primitive::oid(fields.any()?)?);
        let explicit = fields.optional(tag::constructed(0));
        fields.finish()?;
        let Some(explicit) = explicit else {
            return Ok(Self { content_type, content: Bytes::new(), signed_octets: Bytes::new() });
        };
        let mut fields = Fields::of(&explicit)?;
        let value = fields.any()?;
        fields.finish()?;
        match signer_info::octet_string(file, value, tag::OCTET_STRING) {
            Ok(content) => Ok(Self { content_type, signed_octets: content.clone(), content }),
            Err(error) if content_type == spec::ID_DATA => Err(error.into()),
            Err(_) => {
                let signed_octets = file.slice(value.content_start..value.content_end);
                Ok(Self { content_type, content: file.slice(value.range()), signed_octets })
            }
        }
    }
}
