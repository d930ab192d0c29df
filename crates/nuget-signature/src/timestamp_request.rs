//! Asking for a time stamp (RFC 3161, spec 5.3): the request, and what the answer must say to be one to it. Sends nothing.
//!
//! [`read_response`] looks at what ties an answer to its request: status, imprint, nonce. Whether the token is a good one
//! (signature, certificates, time) is read by [`crate::timestamp_token`] and judged by the crates that know certificates.

use crate::der_writer::{element, null, octet_string, oid, sequence, unsigned_integer, unsigned_integer_octets};
use crate::reader::{self, Element};
use crate::spec::{self, tag};
use bytes::Bytes;
use model::{Code, Digest, HashAlgorithm, NuCode, Refusal};

/// A request for a time stamp over the octets of a signature value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    imprint: Digest,
    /// Content octets of the nonce's INTEGER.
    nonce: Vec<u8>,
    der: Vec<u8>,
}

impl Request {
    /// A request for a stamp over `signature_value`, hashed by `algorithm`; `nonce` is 32 random octets, of which the first bit
    /// is dropped so that the INTEGER is positive.
    #[must_use]
    pub fn new(signature_value: &[u8], algorithm: HashAlgorithm, nonce: [u8; 32]) -> Self {
        let imprint = algorithm.digest(signature_value);
        let [first, rest @ ..] = nonce;
        let nonce = [&[first & 0x7F][..], &rest[..]].concat();
        let message_imprint = sequence([sequence([oid(spec::hash_oid(algorithm)), null()]), octet_string(imprint.as_bytes())]);
        let certificates_wanted = element(tag::BOOLEAN, &[0xFF]);
        let der = sequence([unsigned_integer(&[1]), message_imprint, unsigned_integer(&nonce), certificates_wanted]);
        Self { imprint, nonce: unsigned_integer_octets(&nonce), der }
    }

    /// The TimeStampReq, DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The digest that is to be stamped.
    #[must_use]
    pub fn imprint(&self) -> Digest {
        self.imprint
    }
}

/// Reads the answer to `request`, a TimeStampResp, and gives the token in it, its bytes as they came.
pub fn read_response(response: &[u8], request: &Request) -> Result<Bytes, ResponseError> {
    let parts = Element::first(response)?.expect(tag::SEQUENCE)?.children()?;
    let status = parts.first().ok_or(ResponseError::Structure("no status"))?.expect(tag::SEQUENCE)?;
    granted(&status)?;
    let token = parts.get(1).ok_or(ResponseError::TokenMissing)?.expect(tag::SEQUENCE)?;
    let info = TokenInfo::read(&token)?;
    if info.algorithm != spec::hash_oid(request.imprint.algorithm()) || info.digest != request.imprint.as_bytes() {
        return Err(ResponseError::Imprint);
    }
    match info.nonce {
        Some(nonce) if integer(&nonce) == request.nonce => Ok(Bytes::copy_from_slice(token.bytes())),
        Some(_) => Err(ResponseError::Nonce("another nonce than was sent")),
        None => Err(ResponseError::Nonce("no nonce")),
    }
}

/// PKIStatusInfo `{ status INTEGER, statusString SEQUENCE OF UTF8String?, failInfo BIT STRING? }`: granted (0), or granted with
/// modifications (1).
fn granted(status_info: &Element<'_>) -> Result<(), ResponseError> {
    let parts = status_info.children()?;
    let status = parts.first().ok_or(ResponseError::Structure("no status"))?.expect(tag::INTEGER)?.content();
    match integer(status) {
        [0 | 1] => Ok(()),
        // What else is defined fits in one octet.
        [status] => Err(ResponseError::Rejected { status: *status, text: status_text(&parts) }),
        _ => Err(ResponseError::Structure("a status that is not defined")),
    }
}

fn status_text(parts: &[Element<'_>]) -> String {
    let Some(Ok(lines)) = parts.get(1).filter(|part| part.tag == tag::SEQUENCE).map(Element::children) else { return String::new() };
    let lines: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line.content())).collect();
    let printable = |c: &char| !c.is_control();
    lines.join(" ").chars().filter(printable).take(STATUS_TEXT_CHARACTERS).collect()
}

/// What somebody else's server says of itself goes into our reasons up to here.
const STATUS_TEXT_CHARACTERS: usize = 200;

/// The content octets of an INTEGER without needless leading zeros: authorities differ in how they write ours back.
fn integer(octets: &[u8]) -> &[u8] {
    match octets {
        [0, rest @ ..] if rest.first().is_some_and(|next| next & 0x80 == 0) => integer(rest),
        _ => octets,
    }
}

/// What a token's TSTInfo says of the request.
struct TokenInfo {
    algorithm: Vec<u8>,
    digest: Vec<u8>,
    nonce: Option<Vec<u8>>,
}

impl TokenInfo {
    /// `TSTInfo { version, policy, messageImprint, serialNumber, genTime, accuracy?, ordering?, nonce?, tsa [0]?,
    /// extensions [1]? }` in the octets of the token's content.
    fn read(token: &Element<'_>) -> Result<Self, ResponseError> {
        let octets = tst_info(token)?;
        let parts = Element::only(&octets)?.expect(tag::SEQUENCE)?.children()?;
        let version = parts.first().ok_or(ResponseError::Structure("an empty TSTInfo"))?.expect(tag::INTEGER)?;
        if integer(version.content()) != [1] {
            return Err(ResponseError::Structure("a TSTInfo of another version"));
        }
        let imprint = parts.get(2).ok_or(ResponseError::Structure("no message imprint"))?.expect(tag::SEQUENCE)?.children()?;
        let [algorithm, digest] = imprint.as_slice() else { return Err(ResponseError::Structure("not a message imprint")) };
        let algorithm = algorithm.expect(tag::SEQUENCE)?.children()?;
        let algorithm = algorithm.first().ok_or(ResponseError::Structure("no imprint algorithm"))?.expect(tag::OID)?;
        Ok(Self {
            algorithm: algorithm.content().to_vec(),
            digest: digest.expect(tag::OCTET_STRING)?.content().to_vec(),
            // The one INTEGER behind genTime.
            nonce: parts.iter().skip(5).find(|part| part.tag == tag::INTEGER).map(|part| part.content().to_vec()),
        })
    }
}

/// The eContent octets of a token.
fn tst_info(token: &Element<'_>) -> Result<Vec<u8>, ResponseError> {
    let not_a_token = || ResponseError::Structure("not a time-stamp token");
    let parts = token.children()?;
    let [oid, explicit] = parts.as_slice() else { return Err(not_a_token()) };
    if oid.content() != spec::ID_SIGNED_DATA {
        return Err(not_a_token());
    }
    let signed_data = explicit.children()?.first().ok_or_else(not_a_token)?.children()?;
    let encapsulated = signed_data.get(2).ok_or_else(not_a_token)?.expect(tag::SEQUENCE)?.children()?;
    let [oid, explicit] = encapsulated.as_slice() else { return Err(not_a_token()) };
    if oid.content() != spec::ID_TST_INFO {
        return Err(not_a_token());
    }
    Ok(explicit.expect(tag::constructed(0))?.children()?.first().ok_or_else(not_a_token)?.octets()?)
}

/// Why an answer is not a time stamp for the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// Not readable as ASN.1.
    #[error("the answer cannot be decoded: {0}")]
    Encoding(#[from] reader::Error),
    /// Readable, but not a TimeStampResp with a token.
    #[error("the answer is not a time stamp response: {0}")]
    Structure(&'static str),
    /// The authority refused.
    #[error("the authority refused the request with status {status}: {}", if text.is_empty() { "it gives no reason" } else { text })]
    Rejected {
        /// The PKIStatus.
        status: u8,
        /// What the authority says about it, cut short.
        text: String,
    },
    /// Granted, but without a token.
    #[error("the authority granted the request but sent no token")]
    TokenMissing,
    /// A token over something else (NU3019).
    #[error("the time stamp is for other data than was sent")]
    Imprint,
    /// A token for another request (NU3026).
    #[error("the time stamp has {0}")]
    Nonce(&'static str),
}

impl ResponseError {
    /// Our code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Encoding(_) | Self::Structure(_) | Self::TokenMissing => Code::TimestampMalformed,
            Self::Rejected { .. } => Code::TimestampRefused,
            Self::Imprint => Code::TimestampImprint,
            Self::Nonce(_) => Code::TimestampNonce,
        }
    }

    /// NuGet's number, where it has one.
    #[must_use]
    pub fn nu(&self) -> Option<NuCode> {
        match self {
            Self::Imprint => Some(NuCode(3019)),
            Self::Nonce(_) => Some(NuCode(3026)),
            _ => None,
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
