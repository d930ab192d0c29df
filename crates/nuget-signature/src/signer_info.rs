//! One SignerInfo (RFC 5652 5.3) with the place of each of its parts in the file.

use crate::error::Error;
use bytes::Bytes;
use model::signature_kind::SignatureKind;
use std::ops::Range;

/// Who a SignerInfo says signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerIdentifier {
    /// issuerAndSerialNumber.
    IssuerAndSerial {
        /// The issuer's Name, whole element.
        issuer: Bytes,
        /// Content octets of the serial number.
        serial: Bytes,
    },
    /// The subject key identifier's octets.
    SubjectKeyIdentifier(Bytes),
}

/// The algorithm of a SignerInfo's message digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// One of those that NuGet signs with.
    Sha2(model::HashAlgorithm),
    /// Another one: the content octets of its identifier.
    Other(Bytes),
}

/// An AlgorithmIdentifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlgorithmIdentifier {
    /// Content octets of the identifier.
    pub oid: Bytes,
    /// The parameters, whole element, when there are any.
    pub parameters: Option<Bytes>,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Content octets of its identifier.
    pub oid: Bytes,
    /// Where the whole attribute lies in the file.
    pub range: Range<usize>,
    /// Where the SET of its values lies in the file.
    pub set: Range<usize>,
    /// Where each value lies in the file, in file order.
    pub values: Vec<Range<usize>>,
}

/// A list of attributes, signed or unsigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// Where the whole list (tag `[0]` or `[1]`) lies in the file.
    pub range: Range<usize>,
    /// Where its content lies.
    pub content: Range<usize>,
    /// Each attribute, in file order.
    pub list: Vec<Attribute>,
}

/// One SignerInfo.
#[derive(Debug, Clone)]
pub struct SignerInfo {
    file: Bytes,
}

impl SignerInfo {
    /// Where the whole SignerInfo lies in the file.
    pub fn range(&self) -> Range<usize> {
        unimplemented!()
    }
    /// Who it says signed.
    pub fn sid(&self) -> &SignerIdentifier {
        unimplemented!()
    }
    /// The digest algorithm.
    pub fn digest_algorithm(&self) -> &DigestAlgorithm {
        unimplemented!()
    }
    /// The signature algorithm.
    pub fn signature_algorithm(&self) -> &AlgorithmIdentifier {
        unimplemented!()
    }
    /// The signed attributes, when there are any.
    pub fn signed_attributes(&self) -> Option<&Attributes> {
        unimplemented!()
    }
    /// The unsigned attributes, when there are any.
    pub fn unsigned_attributes(&self) -> Option<&Attributes> {
        unimplemented!()
    }
    /// The octets of the signature value.
    pub fn signature_value(&self) -> &[u8] {
        unimplemented!()
    }
    /// Where the signature value's OCTET STRING (whole element) lies in the file.
    pub fn signature_value_range(&self) -> Range<usize> {
        unimplemented!()
    }
    /// The whole SignerInfo as it stands.
    pub fn bytes(&self) -> &[u8] {
        unimplemented!()
    }
    /// The kind of signature that its commitment makes it (spec 4.5).
    pub fn kind(&self) -> Result<SignatureKind, Error> {
        unimplemented!()
    }
    /// The time-stamp tokens of its unsigned attributes, in file order.
    pub fn timestamps(&self) -> Vec<Bytes> {
        unimplemented!()
    }
    /// The first certificate of `certificates` that its identifier names, as .NET finds it.
    pub fn certificate<'a>(&self, certificates: &'a [Bytes]) -> Option<&'a Bytes> {
        let _ = (certificates, &self.file);
        unimplemented!()
    }
}
