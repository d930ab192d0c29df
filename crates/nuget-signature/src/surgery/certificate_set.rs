//! The certificate set of a SignedData: what to add to it, and what goes with a signer that goes.

use super::edit::{self, Edit};
use crate::der_writer;
use crate::prepare::{CertificateFields, SignerIdentifier};
use crate::reader::{Element, Error};
use crate::spec::tag;
use bytes::Bytes;

/// The set, and the certificates in it in file order.
#[derive(Debug, Clone)]
pub(super) struct CertificateSet<'a> {
    signed_data: Element<'a>,
    /// Where the set goes when there is none.
    place: usize,
    set: Option<Element<'a>>,
    certificates: Vec<Certificate<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct Certificate<'a> {
    element: Element<'a>,
    /// `None` for what is not a readable X.509 certificate; such a thing leads nowhere and stays.
    fields: Option<CertificateFields<'a>>,
}

impl<'a> CertificateSet<'a> {
    pub(super) fn new(signed_data: Element<'a>, place: usize, set: Option<Element<'a>>) -> Result<Self, Error> {
        let elements = set.map(|set| set.children()).transpose()?.unwrap_or_default();
        let certificates =
            elements.into_iter().map(|element| Certificate { element, fields: CertificateFields::read(element.bytes()).ok() }).collect();
        Ok(Self { signed_data, place, set, certificates })
    }

    /// Those of `chain` that are not in the set, each once, in the order of `chain`.
    pub(super) fn missing<'c>(&self, chain: &'c [Bytes]) -> Vec<&'c [u8]> {
        let mut missing: Vec<&[u8]> = Vec::new();
        for certificate in chain {
            if !self.certificates.iter().any(|there| there.element.bytes() == certificate) && !missing.contains(&&certificate[..]) {
                missing.push(certificate);
            }
        }
        missing
    }

    /// The edits that add `missing`: each in its place when the set is sorted, else last. A key identifier means the first
    /// certificate that has it (spec 4.3), so all go last when another one would come first for one of `signers`.
    pub(super) fn additions(&self, missing: &[&[u8]], signers: &[SignerIdentifier<'_>]) -> Vec<Edit> {
        let Some(set) = self.set else {
            if missing.is_empty() {
                return Vec::new();
            }
            let set = der_writer::set_of(tag::constructed(0), missing.iter().map(|certificate| certificate.to_vec()).collect());
            return vec![Edit::insert(&self.signed_data, self.place, set)];
        };
        let elements: Vec<Element<'_>> = self.certificates.iter().map(|certificate| certificate.element).collect();
        let takes_a_name = |certificate: &&[u8]| {
            CertificateFields::read(certificate).is_ok_and(|fields| signers.iter().any(|signer| signer.names(&fields)))
        };
        if missing.iter().any(takes_a_name) {
            return missing.iter().map(|certificate| Edit::insert(&set, set.content_end, certificate.to_vec())).collect();
        }
        let mut sorted = missing.to_vec();
        sorted.sort_unstable();
        let place = |new: &[u8]| edit::sorted_place(&elements, new).map_or(set.content_end, |next| next.start);
        sorted.iter().map(|certificate| Edit::insert(&set, place(certificate), certificate.to_vec())).collect()
    }

    /// The edit that adds `missing` in a frame: last in the set, between two copies of `leaf`.
    pub(super) fn framed(&self, leaf: &[u8], missing: &[&[u8]]) -> Vec<Edit> {
        let Some(set) = self.set else { return Vec::new() };
        let inside = missing.iter().copied().filter(|certificate| *certificate != leaf);
        let frame: Vec<u8> = std::iter::once(leaf).chain(inside).chain([leaf]).flatten().copied().collect();
        vec![Edit::insert(&set, set.content_end, frame)]
    }

    /// The edits that take out what goes with the signer named `removed` when the signers named `others` stay.
    pub(super) fn removals(&self, removed: &SignerIdentifier<'_>, others: &[SignerIdentifier<'_>]) -> Vec<Edit> {
        let Some(set) = self.set else { return Vec::new() };
        let going = self.frame(removed, others).unwrap_or_else(|| {
            let (chain, needed) = (self.chain(std::slice::from_ref(removed)), self.chain(others));
            chain.iter().zip(needed).map(|(in_chain, needed)| *in_chain && !needed).collect()
        });
        if !going.is_empty() && going.iter().all(|goes| *goes) {
            return vec![Edit::remove(&self.signed_data, &set)];
        }
        let certificates = self.certificates.iter().zip(going).filter(|(_, goes)| *goes);
        certificates.map(|(certificate, _)| Edit::remove(&set, &certificate.element)).collect()
    }

    /// The certificates in file order.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> Vec<Vec<u8>> {
        self.certificates.iter().map(|certificate| certificate.element.bytes().to_vec()).collect()
    }

    /// For faults: the edit that takes the first certificate out.
    #[cfg(feature = "faults")]
    pub(super) fn without_first(&self) -> Vec<Edit> {
        self.set.iter().zip(&self.certificates).map(|(set, certificate)| Edit::remove(set, &certificate.element)).collect()
    }

    /// Marks the certificates of a frame around the chain of `removed`, when the set ends in one and every other signer keeps its
    /// certificate without it.
    fn frame(&self, removed: &SignerIdentifier<'_>, others: &[SignerIdentifier<'_>]) -> Option<Vec<bool>> {
        let (last, before) = self.certificates.split_last()?;
        if !removed.names(&last.fields?) {
            return None;
        }
        let start = before.iter().rposition(|certificate| certificate.element.bytes() == last.element.bytes())?;
        let chain = self.chain(std::slice::from_ref(removed));
        let is_chain = chain.get(start..)?.iter().all(|in_chain| *in_chain);
        let names = |signer: &SignerIdentifier<'_>, certificate: &Certificate<'_>| certificate.fields.is_some_and(|f| signer.names(&f));
        let keeps = |signer: &&SignerIdentifier<'_>| {
            !self.certificates.iter().any(|c| names(signer, c)) || before.iter().take(start).any(|c| names(signer, c))
        };
        let is_frame = is_chain && others.iter().filter(|signer| keeps(signer)).count() == others.len();
        is_frame.then(|| (0..self.certificates.len()).map(|index| index >= start).collect())
    }

    /// Marks the certificates to which `signers` lead: their own, and by name the issuers of those.
    fn chain(&self, signers: &[SignerIdentifier<'_>]) -> Vec<bool> {
        let mut marked: Vec<bool> = self
            .certificates
            .iter()
            .map(|certificate| certificate.fields.is_some_and(|fields| signers.iter().any(|signer| signer.names(&fields))))
            .collect();
        let mut todo: Vec<usize> = (0..marked.len()).filter(|index| marked.get(*index) == Some(&true)).collect();
        while let Some(fields) = todo.pop().and_then(|index| self.certificates.get(index)).map(|certificate| certificate.fields) {
            let Some(issuer) = fields.map(|fields| fields.issuer) else { continue };
            for (index, (certificate, mark)) in self.certificates.iter().zip(&mut marked).enumerate() {
                if !*mark && certificate.fields.is_some_and(|fields| fields.subject == issuer) {
                    *mark = true;
                    todo.push(index);
                }
            }
        }
        marked
    }
}
