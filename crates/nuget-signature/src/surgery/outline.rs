//! Where the parts of a CMS lie that an edit touches.

use super::certificate_set::CertificateSet;
use super::edit::{self, Edit};
use crate::error::Error as ReadError;
use crate::prepare::{Error, SignerIdentifier};
use crate::reader::{self, Element};
use crate::spec::{COMMITMENT_TYPE, COUNTERSIGNATURE, ID_SIGNED_DATA, PROOF_OF_ORIGIN, PROOF_OF_RECEIPT, tag};
use model::signature_kind::SignatureKind;

/// `ContentInfo { id-signedData, [0] SignedData { version, digestAlgorithms, encapContentInfo, [0] certificates?, [1] crls?,
/// signerInfos } }`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outline<'a> {
    content_info: Element<'a>,
    /// What stands behind the ContentInfo.
    rest: &'a [u8],
    signed_data: Element<'a>,
    encapsulated: Element<'a>,
    certificates: Option<Element<'a>>,
    signer_infos: Element<'a>,
}

impl<'a> Outline<'a> {
    /// Reads it; bytes behind the ContentInfo are not looked at.
    pub(super) fn read(file: &'a [u8]) -> Result<Self, ReadError> {
        let content_info = Element::first(file)?.expect(tag::SEQUENCE)?;
        let signed_data = match content_info.children()?.as_slice() {
            [oid, explicit] if oid.tag == tag::OID && oid.content() == ID_SIGNED_DATA => {
                only_child(&explicit.expect(tag::constructed(0))?)?.expect(tag::SEQUENCE)?
            }
            _ => return Err(ReadError::Structure("not a SignedData")),
        };
        let parts = signed_data.children()?;
        let (Some([_, _, encapsulated]), Some(signer_infos)) = (parts.get(..3), parts.get(3..).and_then(<[_]>::last)) else {
            return Err(ReadError::Structure("a SignedData lacks a part"));
        };
        Ok(Self {
            content_info,
            rest: file.get(content_info.end..).unwrap_or_default(),
            signed_data,
            encapsulated: encapsulated.expect(tag::SEQUENCE)?,
            certificates: parts.get(3).copied().filter(|part| part.tag == tag::constructed(0)),
            signer_infos: signer_infos.expect(tag::SET)?,
        })
    }

    /// The file with `edits` made.
    pub(super) fn edited(&self, edits: Vec<Edit>) -> Result<Vec<u8>, Error> {
        let mut out = edit::apply(&self.content_info, edits)?;
        out.extend_from_slice(self.rest);
        Ok(out)
    }

    /// The one SignerInfo.
    pub(super) fn primary(&self) -> Result<Signer<'a>, ReadError> {
        match self.signer_infos.children()?.as_slice() {
            [signer] => Signer::read(signer),
            signers => Err(ReadError::Signers(signers.len())),
        }
    }

    /// The certificates.
    pub(super) fn certificate_set(&self) -> Result<CertificateSet<'a>, ReadError> {
        Ok(CertificateSet::new(self.signed_data, self.encapsulated.end, self.certificates)?)
    }

    /// How every signer names its certificate, countersigners at every depth included, but for the SignerInfo that starts at
    /// `without` and what hangs on it.
    pub(super) fn signer_identifiers(&self, without: Option<usize>) -> Result<Vec<SignerIdentifier<'a>>, ReadError> {
        let mut all = Vec::new();
        for signer in self.signer_infos.children()? {
            collect_identifiers(&signer, without, &mut all)?;
        }
        Ok(all)
    }
}

fn collect_identifiers<'a>(signer: &Element<'a>, without: Option<usize>, all: &mut Vec<SignerIdentifier<'a>>) -> Result<(), ReadError> {
    if without == Some(signer.start) {
        return Ok(());
    }
    let signer = Signer::read(signer)?;
    all.push(signer.identifier()?);
    let attributes = signer.unsigned_attributes.map(|set| set.children()).transpose()?.unwrap_or_default();
    for attribute in &attributes {
        for countersigner in values(attribute, COUNTERSIGNATURE)?.map(|(_, values)| values).unwrap_or_default() {
            collect_identifiers(&countersigner, without, all)?;
        }
    }
    Ok(())
}

/// `SignerInfo { version, sid, digestAlgorithm, [0] signedAttrs?, signatureAlgorithm, signature, [1] unsignedAttrs? }`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signer<'a> {
    pub(super) element: Element<'a>,
    sid: Element<'a>,
    signed_attributes: Option<Element<'a>>,
    pub(super) signature: Element<'a>,
    pub(super) unsigned_attributes: Option<Element<'a>>,
}

impl<'a> Signer<'a> {
    pub(super) fn read(element: &Element<'a>) -> Result<Self, ReadError> {
        let element = element.expect(tag::SEQUENCE)?;
        let parts = element.children()?;
        let lacks = || ReadError::Structure("a SignerInfo lacks a part");
        let sid = *parts.get(1).ok_or_else(lacks)?;
        let signed_attributes = parts.get(3).copied().filter(|part| part.tag == tag::constructed(0));
        let signature_at = if signed_attributes.is_some() { 5 } else { 4 };
        let signature = *parts.get(signature_at).ok_or_else(lacks)?;
        if signature.tag & !reader::CONSTRUCTED != tag::OCTET_STRING {
            return Err(lacks());
        }
        let unsigned_attributes = parts.get(signature_at + 1).copied().filter(|part| part.tag == tag::constructed(1));
        Ok(Self { element, sid, signed_attributes, signature, unsigned_attributes })
    }

    pub(super) fn identifier(&self) -> Result<SignerIdentifier<'a>, ReadError> {
        Ok(SignerIdentifier::read(&self.sid)?)
    }

    /// What its commitments make it (spec 4.5).
    pub(super) fn kind(&self) -> Result<SignatureKind, ReadError> {
        let (mut author, mut repository) = (false, false);
        let attributes = self.signed_attributes.map(|set| set.children()).transpose()?.unwrap_or_default();
        for attribute in &attributes {
            for value in values(attribute, COMMITMENT_TYPE)?.map(|(_, values)| values).unwrap_or_default() {
                let parts = value.expect(tag::SEQUENCE)?.children()?;
                let oid = parts.first().ok_or(ReadError::Structure("a commitment is empty"))?.expect(tag::OID)?.content();
                author |= oid == PROOF_OF_ORIGIN;
                repository |= oid == PROOF_OF_RECEIPT;
            }
        }
        match (author, repository) {
            (true, true) => Err(ReadError::Commitment("proof of origin and of receipt")),
            (true, false) => Ok(SignatureKind::Author),
            (false, true) => Ok(SignatureKind::Repository),
            (false, false) => Ok(SignatureKind::Unknown),
        }
    }
}

/// The SET of values of `attribute` and what is in it, when its type is `kind`.
pub(super) fn values<'a>(attribute: &Element<'a>, kind: &[u8]) -> Result<Option<(Element<'a>, Vec<Element<'a>>)>, ReadError> {
    match attribute.expect(tag::SEQUENCE)?.children()?.as_slice() {
        [oid, set] if oid.tag == tag::OID && set.tag == tag::SET => {
            if oid.content() == kind {
                Ok(Some((*set, set.children()?)))
            } else {
                Ok(None)
            }
        }
        _ => Err(ReadError::Structure("an attribute is not a type and a set of values")),
    }
}

fn only_child<'a>(element: &Element<'a>) -> Result<Element<'a>, ReadError> {
    match element.children()?.as_slice() {
        [child] => Ok(*child),
        _ => Err(ReadError::Structure("an explicit tag holds one element")),
    }
}
