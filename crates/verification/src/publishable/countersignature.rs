//! A repository countersignature of ours in an author's CMS: our SignerInfo is known but for value and token; everything else is
//! what the author's file has, with one unsigned attribute and our certificates more.

use super::certificates_and_token::Credential;
use super::der::{SET, oid, sequence, tlv};
use super::primary::{same_signer, token};
use super::{Proposal, Refusal, Signed, attributes, fault, same};
use nuget_signature::parse::PrimarySignature;
use nuget_signature::reader::{self, Element};
use nuget_signature::{spec, surgery};

pub(super) fn check(proposal: &Proposal<'_>, credential: &Credential) -> Result<Signed, Refusal> {
    let expected = &proposal.expected;
    let previous = expected.previous.ok_or_else(|| fault("a countersignature is made on an author's signature"))?;
    let author = PrimarySignature::parse(previous.to_vec()).map_err(|e| fault(e.to_string()))?;
    let signature = PrimarySignature::parse(proposal.p7s.to_vec()).map_err(|e| fault(e.to_string()))?;
    let value = author.signer().signature_value();
    let counter = signature.repository_countersignature().map_err(|e| fault(e.to_string()))?;
    let counter = counter.ok_or_else(|| fault("the countersignature is missing"))?.signer();
    let attributes = attributes::signed_attributes(expected, credential.leaf(), expected.algorithm.digest(value))?;
    let token = token(counter, expected.timestamped)?;
    let info = attributes::signer_info(expected, credential.leaf(), &attributes, counter.signature_value(), token.as_deref());
    same_signer(counter, &info)?;

    let (before, after) = (Parts::read(previous)?, Parts::read(proposal.p7s)?);
    before.same_but_for(&after, &info, credential)?;
    // What arrived can be had again, to the octet.
    let restored = surgery::remove_repository_countersignatures(proposal.p7s).map_err(|e| fault(e.to_string()))?;
    same("the author's signature without ours", restored.as_deref().unwrap_or_default(), previous)?;
    Ok(Signed { signature, is_countersignature: true })
}

/// A CMS taken apart as far as an edit may touch it. Each part is a whole element as it stands.
struct Parts<'a> {
    /// ContentInfo's type, and what stands behind the ContentInfo.
    content_type: &'a [u8],
    trailing: &'a [u8],
    /// Version, digest algorithms and content.
    head: Vec<&'a [u8]>,
    certificates: Vec<&'a [u8]>,
    crls: Option<&'a [u8]>,
    /// The SignerInfo up to the signature value.
    signer: Vec<&'a [u8]>,
    unsigned_attributes: Vec<&'a [u8]>,
}

impl<'a> Parts<'a> {
    fn read(p7s: &'a [u8]) -> Result<Self, Refusal> {
        Self::take_apart(p7s).map_err(|error| fault(format!("the signature file cannot be taken apart: {error}")))
    }

    fn take_apart(p7s: &'a [u8]) -> Result<Self, reader::Error> {
        let missing = reader::Error::Truncated(0);
        let content_info = Element::first(p7s)?.expect(0x30)?;
        let [content_type, explicit] = content_info.children()?.try_into().map_err(|_| missing)?;
        let [signed_data] = explicit.expect(0xA0)?.children()?.try_into().map_err(|_| missing)?;
        let mut certificates = Vec::new();
        let mut crls = None;
        let mut head = Vec::new();
        let mut signers = None;
        for part in signed_data.expect(0x30)?.children()? {
            match part.tag {
                0xA0 if head.len() == 3 => certificates = part.children()?.iter().map(Element::bytes).collect(),
                0xA1 if head.len() == 3 => crls = Some(part.bytes()),
                _ if head.len() < 3 => head.push(part.bytes()),
                _ => signers = Some(part.expect(0x31)?),
            }
        }
        let [signer] = signers.ok_or(missing)?.children()?.try_into().map_err(|_| missing)?;
        let mut unsigned_attributes = Vec::new();
        let mut parts = Vec::new();
        for part in signer.expect(0x30)?.children()? {
            if part.tag == 0xA1 {
                unsigned_attributes = part.children()?.iter().map(Element::bytes).collect();
            } else {
                parts.push(part.bytes());
            }
        }
        Ok(Self {
            content_type: content_type.bytes(),
            trailing: &p7s[content_info.end..],
            head,
            certificates,
            crls,
            signer: parts,
            unsigned_attributes,
        })
    }

    /// Everything of `self` is in `after`, which has one unsigned attribute and certificates of the credential's more.
    fn same_but_for(&self, after: &Self, signer_info: &[u8], credential: &Credential) -> Result<(), Refusal> {
        same("the content type", after.content_type, self.content_type)?;
        same("what stands behind the signature", after.trailing, self.trailing)?;
        if after.head != self.head || after.crls != self.crls {
            return Err(fault("version, digest algorithms, content or revocation lists of the author's signature were changed"));
        }
        if after.signer != self.signer {
            return Err(fault("the author's SignerInfo was changed"));
        }
        let attribute = sequence(&[&oid(spec::COUNTERSIGNATURE), &tlv(SET, signer_info)]);
        let added = added(&self.unsigned_attributes, &after.unsigned_attributes)
            .ok_or_else(|| fault("unsigned attributes of the author's signature were changed"))?;
        if added != [attribute.as_slice()] {
            return Err(fault("an unsigned attribute other than our countersignature was added"));
        }
        let added = added_certificates(&self.certificates, &after.certificates)?;
        let ours = |der: &[u8]| credential.chain().iter().any(|c| c.der() == der);
        if !added.iter().all(|der| ours(der)) {
            return Err(fault("a certificate was added that is not of our chain"));
        }
        // A chain may be framed by two copies of its leaf, so that it can be told from what was there (see `surgery`).
        let leaf = credential.leaf().der().as_ref();
        for (place, der) in added.iter().enumerate() {
            if *der != leaf && added[..place].contains(der) {
                return Err(fault("a certificate was added twice"));
            }
        }
        if added.iter().filter(|der| **der == leaf).count() > 2 {
            return Err(fault("our certificate was added more than twice"));
        }
        if credential.chain().iter().any(|c| !after.certificates.contains(&c.der().as_ref())) {
            return Err(fault("a certificate of our chain is missing"));
        }
        Ok(())
    }
}

/// What `after` has more than `before`, when all of `before` is there in order.
fn added<'a>(before: &[&'a [u8]], after: &[&'a [u8]]) -> Option<Vec<&'a [u8]>> {
    let mut left = before.iter();
    let mut next = left.next();
    let mut added = Vec::new();
    for element in after {
        if next == Some(element) {
            next = left.next();
        } else {
            added.push(*element);
        }
    }
    next.is_none().then_some(added)
}

fn added_certificates<'a>(before: &[&'a [u8]], after: &[&'a [u8]]) -> Result<Vec<&'a [u8]>, Refusal> {
    added(before, after).ok_or_else(|| fault("certificates of the author's signature were changed"))
}
