//! Second phase of signing: a prepared signature, the key's answer, the chain and perhaps a time stamp become a
//! `.signature.p7s` (spec 4.2, 4.3, 4.6).
//!
//! A primary signature is a new CMS, DER throughout. A countersignature goes into the author's, whose other bytes stay
//! ([`crate::surgery`]).

#[cfg(feature = "faults")]
pub mod faults;

use crate::der_writer::{constructed, element, octet_string, oid, sequence, set_of, unsigned_integer};
use crate::prepare::{self, CertificateFields, Error, PreparedSignature, Target};
use crate::reader::Element;
use crate::spec::{self, tag};
use crate::surgery;
use bytes::Bytes;

/// Assembles `prepared` with the key's `signature_value`.
///
/// `chain` is the signer's certificate first and the root last; all of it goes in. `timestamp` is a whole time-stamp token over
/// `signature_value`; its bytes go in as they are.
pub fn assemble(prepared: &PreparedSignature, signature_value: &[u8], chain: &[Bytes], timestamp: Option<&[u8]>) -> Result<Vec<u8>, Error> {
    if chain.first() != Some(&prepared.certificate) {
        return Err(Error::Chain);
    }
    if let Some(token) = timestamp {
        Element::only(token)?.expect(tag::SEQUENCE)?;
    }
    let signer = Signer::new(prepared, signature_value, timestamp)?;
    match &prepared.target {
        Target::Primary { content } => {
            let message = Message::new(prepared, content, chain, signer);
            #[cfg(feature = "faults")]
            let message = faults::break_message(message);
            let bytes = message.write();
            #[cfg(feature = "faults")]
            let bytes = faults::break_bytes(bytes);
            Ok(bytes)
        }
        Target::Countersignature { author } => {
            #[cfg(feature = "faults")]
            let signer = faults::break_signer(signer);
            let bytes = surgery::attach_countersignature(author, &signer.write(), chain)?;
            #[cfg(feature = "faults")]
            let bytes = faults::break_countersigned(bytes, author, &signer, chain);
            Ok(bytes)
        }
    }
}

/// The parts of a SignerInfo.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    version: u8,
    sid: Vec<u8>,
    digest_algorithm: Vec<u8>,
    /// Content octets of the SET.
    signed_attributes: Vec<u8>,
    signature_algorithm: Vec<u8>,
    signature: Vec<u8>,
    unsigned_attributes: Vec<Vec<u8>>,
    #[cfg(feature = "faults")]
    certificate: Option<Bytes>,
}

impl Signer {
    fn new(prepared: &PreparedSignature, signature_value: &[u8], timestamp: Option<&[u8]>) -> Result<Self, Error> {
        let fields = CertificateFields::read(&prepared.certificate).map_err(Error::Certificate)?;
        // A key identifier may name several certificates of which the first one counts, so a countersigner, who comes into a
        // set of somebody else's, names its own by issuer and serial number.
        let (version, sid) = match fields.key_identifier.filter(|_| !prepared.is_countersignature()) {
            Some(identifier) => (3, element(tag::primitive(0), identifier)),
            None => (1, sequence([fields.issuer, &unsigned_integer(fields.serial)])),
        };
        Ok(Self {
            version,
            sid,
            digest_algorithm: sequence([oid(spec::hash_oid(prepared.algorithm))]),
            signed_attributes: Element::only(prepared.signed_attributes())?.content().to_vec(),
            signature_algorithm: prepare::rsa_encryption(),
            signature: signature_value.to_vec(),
            unsigned_attributes: timestamp.map(|token| prepare::attribute(spec::TIMESTAMP_TOKEN, token)).into_iter().collect(),
            #[cfg(feature = "faults")]
            certificate: Some(prepared.certificate.clone()),
        })
    }

    fn write(&self) -> Vec<u8> {
        let mut parts = vec![
            unsigned_integer(&[self.version]),
            self.sid.clone(),
            self.digest_algorithm.clone(),
            element(tag::constructed(0), &self.signed_attributes),
            self.signature_algorithm.clone(),
            octet_string(&self.signature),
        ];
        if !self.unsigned_attributes.is_empty() {
            parts.push(set_of(tag::constructed(1), self.unsigned_attributes.clone()));
        }
        sequence(parts)
    }
}

/// The parts of a whole signature message.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    version: u8,
    digest_algorithms: Vec<Vec<u8>>,
    content_type: Vec<u8>,
    content: Vec<u8>,
    /// In the order in which they are written.
    certificates: Vec<Vec<u8>>,
    signer: Signer,
}

impl Message {
    fn new(prepared: &PreparedSignature, content: &[u8], chain: &[Bytes], signer: Signer) -> Self {
        let mut certificates: Vec<Vec<u8>> = chain.iter().map(|certificate| certificate.to_vec()).collect();
        certificates.sort();
        certificates.dedup();
        Self {
            version: signer.version,
            digest_algorithms: vec![sequence([oid(spec::hash_oid(prepared.algorithm))])],
            content_type: oid(spec::ID_DATA),
            content: content.to_vec(),
            certificates,
            signer,
        }
    }

    fn write(&self) -> Vec<u8> {
        let encapsulated = sequence([self.content_type.clone(), element(tag::constructed(0), &octet_string(&self.content))]);
        let signed_data = sequence([
            unsigned_integer(&[self.version]),
            set_of(tag::SET, self.digest_algorithms.clone()),
            encapsulated,
            constructed(tag::constructed(0), &self.certificates),
            element(tag::SET, &self.signer.write()),
        ]);
        sequence([oid(spec::ID_SIGNED_DATA), element(tag::constructed(0), &signed_data)])
    }
}
