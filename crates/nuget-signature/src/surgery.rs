//! Edits of a CMS that somebody else made: byte ranges go in or out and the enclosing lengths are mended; nothing is decoded and
//! encoded again. Every function works on definite and on indefinite lengths.
//!
//! **Countersigning can be undone.** [`remove_repository_countersignatures`] of what [`attach_countersignature`] makes is the file
//! it was made from, to the byte; the latter checks that before it answers. So the order of routes does not matter: a
//! countersignature of ours on a file with a foreign one in it is made on that file with the foreign one cut out, and cutting ours
//! out gives that very file.
//!
//! **Which certificates go** with a countersignature: those of its signer's chain to which no other signer's leads. What the
//! author's signature needs, and what nobody needs, stays. Where that rule would not restore the file (the author's file lacks a
//! certificate that both chains need, or holds one of ours that nobody needs), the certificates are added in a *frame* instead: at
//! the end of the set, between two copies of the countersigner's certificate; the whole frame goes with the countersignature.

mod certificate_set;
mod edit;
mod outline;

use crate::error::Error as ReadError;
use crate::prepare::Error;
use crate::spec::{COUNTERSIGNATURE, tag};
use bytes::Bytes;
use edit::Edit;
use model::signature_kind::SignatureKind;
use outline::{Outline, Signer};

/// The octets that a repository countersignature on `p7s` signs: the primary signature's value. Refused when a repository
/// signature is there already.
pub(crate) fn signature_value_to_countersign(p7s: &[u8]) -> Result<Vec<u8>, Error> {
    let outline = Outline::read(p7s)?;
    let primary = outline.primary()?;
    if primary.kind()? == SignatureKind::Repository {
        return Err(Error::RepositoryPrimary);
    }
    if repository_countersignature(&primary)?.is_some() {
        return Err(Error::AlreadyCountersigned);
    }
    Ok(primary.signature.octets()?)
}

/// Puts `signer_info`, a whole SignerInfo, into `p7s` as a repository countersignature of its primary signature, and the
/// certificates of `chain` (leaf first) that are not there.
pub fn attach_countersignature(p7s: &[u8], signer_info: &[u8], chain: &[Bytes]) -> Result<Vec<u8>, Error> {
    let outline = Outline::read(p7s)?;
    let primary = outline.primary()?;
    let attribute = crate::prepare::attribute(COUNTERSIGNATURE, signer_info);
    let set = outline.certificate_set()?;
    let missing = set.missing(chain);
    let plain = set.additions(&missing, &outline.signer_identifiers(None)?);
    let framed = chain.first().map(|leaf| set.framed(leaf, &missing)).unwrap_or_default();
    for certificates in [plain, framed] {
        let mut edits = vec![primary.unsigned_attribute(&attribute)?];
        edits.extend(certificates);
        let countersigned = outline.edited(edits)?;
        #[cfg(feature = "faults")]
        if crate::assemble::faults::is_active() {
            return Ok(countersigned);
        }
        if remove_repository_countersignatures(&countersigned)?.as_deref() == Some(p7s) {
            return Ok(countersigned);
        }
    }
    Err(Error::NotReversible)
}

/// Cuts every repository countersignature out of `p7s`, and the certificates that only they need; every other byte stays but the
/// enclosing lengths. `None` when there is none.
pub fn remove_repository_countersignatures(p7s: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let mut current: Option<Vec<u8>> = None;
    while let Some(next) = remove_one(current.as_deref().unwrap_or(p7s))? {
        current = Some(next);
    }
    Ok(current)
}

fn remove_one(p7s: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let outline = Outline::read(p7s)?;
    let Some(found) = repository_countersignature(&outline.primary()?)? else { return Ok(None) };
    let mut edits = vec![found.removal];
    let removed = found.signer.identifier()?;
    let others = outline.signer_identifiers(Some(found.signer.element.start))?;
    edits.extend(outline.certificate_set()?.removals(&removed, &others));
    Ok(Some(outline.edited(edits)?))
}

/// A countersignature and the edit that takes it out.
struct Found<'a> {
    signer: Signer<'a>,
    removal: Edit,
}

/// The last repository countersignature of `primary` in the file.
fn repository_countersignature<'a>(primary: &Signer<'a>) -> Result<Option<Found<'a>>, Error> {
    let Some(unsigned) = primary.unsigned_attributes else { return Ok(None) };
    let attributes = unsigned.children()?;
    for attribute in attributes.iter().rev() {
        let values = outline::values(attribute, COUNTERSIGNATURE)?;
        for value in values.iter().flat_map(|(_, values)| values).rev() {
            let signer = Signer::read(value)?;
            if signer.kind()? != SignatureKind::Repository {
                continue;
            }
            let removal = match (&values, attributes.len()) {
                (Some((set, all)), _) if all.len() > 1 => Edit::remove(set, value),
                (_, 1) => Edit::remove(&primary.element, &unsigned),
                _ => Edit::remove(&unsigned, attribute),
            };
            return Ok(Some(Found { signer, removal }));
        }
    }
    Ok(None)
}

/// Adds the certificates of `chain`, leaf to root, that `token` (a time-stamp token) lacks; every other byte of it stays but the
/// enclosing lengths. Its signature does not cover its certificates.
pub fn complete_token(token: &[u8], chain: &[Bytes]) -> Result<Vec<u8>, Error> {
    let outline = Outline::read(token)?;
    let set = outline.certificate_set()?;
    let missing = set.missing(chain);
    let additions = set.additions(&missing, &outline.signer_identifiers(None)?);
    outline.edited(additions)
}

/// The octets of the primary signature's value.
pub fn primary_signature_value(p7s: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(Outline::read(p7s)?.primary()?.signature.octets()?)
}

/// For faults: `p7s` without the first certificate of its set.
#[cfg(feature = "faults")]
pub(crate) fn without_first_certificate(p7s: &[u8]) -> Result<Vec<u8>, Error> {
    let outline = Outline::read(p7s)?;
    let edits = outline.certificate_set()?.without_first();
    outline.edited(edits)
}

/// For faults: `p7s` with another unsigned attribute on its primary signature.
#[cfg(feature = "faults")]
pub(crate) fn with_unsigned_attribute(p7s: &[u8], attribute: &[u8]) -> Result<Vec<u8>, Error> {
    let outline = Outline::read(p7s)?;
    outline.edited(vec![outline.primary()?.unsigned_attribute(attribute)?])
}

impl Signer<'_> {
    /// The edit that adds a whole unsigned attribute: in its place when the attributes are sorted, else last.
    fn unsigned_attribute(&self, attribute: &[u8]) -> Result<Edit, ReadError> {
        let Some(unsigned) = self.unsigned_attributes else {
            let set = crate::der_writer::element(tag::constructed(1), attribute);
            return Ok(Edit::insert(&self.element, self.element.content_end, set));
        };
        let existing = unsigned.children()?;
        let at = edit::sorted_place(&existing, attribute).map_or(unsigned.content_end, |next| next.start);
        Ok(Edit::insert(&unsigned, at, attribute.to_vec()))
    }
}

#[cfg(test)]
mod tests;
