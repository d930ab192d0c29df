//! What may leave: the strict profile (architecture 3.4). NuGet overlooks much; what we publish is held to the letter.
//!
//! Of what we made (a new entry, our SignerInfo, the certificates that we added) every field is exactly what spec 1.6 and 4 say: it
//! is written down here once more, by other code than the signer's, and compared octet by octet. Of what was there before every
//! octet is what it was. The package without our entry is the blob without its own signature entry, whose digest is the recorded
//! one. The token and the certificates are checked as a stranger would check them.

mod archive;
mod attributes;
mod certificates_and_token;
mod countersignature;
mod der;
mod primary;

use ::certificates::Certificate;
use bytes::Bytes;
use model::{Code, Digests, HashAlgorithm, Refusal, Splice};
use nupkg::{Layout, ReadAt};
use time::OffsetDateTime;

/// Which kind of signature was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedKind {
    /// A repository primary signature, in an entry of our own.
    Primary,
    /// A repository countersignature on an author's signature, in the author's entry.
    Countersignature,
}

/// What was asked of the signer.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Which kind of signature.
    pub kind: ExpectedKind,
    /// The credential's chain, DER: leaf first, root last.
    pub chain: &'a [Bytes],
    /// The algorithm of all digests of the signature.
    pub algorithm: HashAlgorithm,
    /// The service index URL.
    pub service_index: &'a str,
    /// The package's owners.
    pub owners: &'a [String],
    /// The signing time; whole seconds count.
    pub signing_time: OffsetDateTime,
    /// For a countersignature: the author's `.signature.p7s` that it was made on, without any other repository's countersignature.
    pub previous: Option<&'a [u8]>,
    /// For a primary signature: the DOS time of the new entry.
    pub dos_time: u32,
    /// Whether there must be a time stamp. Otherwise there must be none.
    pub timestamped: bool,
}

/// What the signer made, and what it was made from.
#[derive(Clone, Copy)]
pub struct Proposal<'a> {
    /// The blob, or its tail.
    pub source: &'a dyn ReadAt,
    /// The blob's layout.
    pub layout: &'a Layout,
    /// The signed package over the blob.
    pub splice: &'a Splice,
    /// The new `.signature.p7s`.
    pub p7s: &'a [u8],
    /// The recorded digests of the blob's unsigned form.
    pub unsigned: &'a Digests,
    /// What was asked for.
    pub expected: Expected<'a>,
    /// The roots that time stamps must lead to.
    pub timestamp_roots: &'a [Certificate],
    /// The moment.
    pub now: OffsetDateTime,
}

impl std::fmt::Debug for Proposal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proposal").field("size", &self.layout.size()).field("expected", &self.expected.kind).finish_non_exhaustive()
    }
}

/// A signed package that may be published. Only [`publishable`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSplice {
    splice: Splice,
    p7s: Bytes,
}

impl VerifiedSplice {
    /// The signed package over its blob.
    pub fn splice(&self) -> &Splice {
        &self.splice
    }

    /// Its `.signature.p7s`.
    pub fn p7s(&self) -> &Bytes {
        &self.p7s
    }

    /// Gives both away.
    pub fn into_parts(self) -> (Splice, Bytes) {
        (self.splice, self.p7s)
    }
}

/// Holds a proposal to the strict profile.
pub fn publishable(proposal: &Proposal<'_>) -> Result<VerifiedSplice, Refusal> {
    let credential = certificates_and_token::Credential::read(proposal)?;
    let signed = match proposal.expected.kind {
        ExpectedKind::Primary => primary::check(proposal, &credential)?,
        ExpectedKind::Countersignature => countersignature::check(proposal, &credential)?,
    };
    certificates_and_token::check(proposal, &credential, &signed)?;
    archive::check(proposal)?;
    Ok(VerifiedSplice { splice: proposal.splice.clone(), p7s: Bytes::copy_from_slice(proposal.p7s) })
}

/// Our signature in the new CMS, once every octet of it is known to be right, its value and token apart.
struct Signed {
    signature: nuget_signature::parse::PrimarySignature,
    /// Whether it is the countersignature.
    is_countersignature: bool,
}

/// A fault of our own making.
fn fault(what: impl Into<String>) -> Refusal {
    Refusal::new(Code::VerificationFailed, what)
}

/// Compares a part.
fn same(what: &str, actual: &[u8], expected: &[u8]) -> Result<(), Refusal> {
    if actual == expected { Ok(()) } else { Err(fault(format!("{what} is not what it must be"))) }
}
