//! A repository primary signature of ours: the whole CMS is known but for the signature value and the token.

use super::certificates_and_token::Credential;
use super::der::{SEQUENCE, SET, integer, octet_string, oid, sequence, set_of, tlv};
use super::{Proposal, Refusal, Signed, attributes, fault, same};
use model::Digest;
use nuget_signature::parse::PrimarySignature;
use nuget_signature::signer_info::SignerInfo;
use nuget_signature::spec;

pub(super) fn check(proposal: &Proposal<'_>, credential: &Credential) -> Result<Signed, Refusal> {
    let expected = &proposal.expected;
    if expected.previous.is_some() {
        return Err(fault("a primary signature is made on no other"));
    }
    let digest = proposal.unsigned.by(expected.algorithm).ok_or_else(|| fault("the package's digest was not recorded"))?;
    let signature = PrimarySignature::parse(proposal.p7s.to_vec()).map_err(|e| fault(e.to_string()))?;
    let content = content(digest);
    same("the signed content", signature.content_bytes(), &content)?;
    let attributes = attributes::signed_attributes(expected, credential.leaf(), expected.algorithm.digest(&content))?;
    let signer = signature.signer();
    let token = token(signer, expected.timestamped)?;
    let info = attributes::signer_info(expected, credential.leaf(), &attributes, signer.signature_value(), token.as_deref());
    same_signer(signer, &info)?;
    let message = message(credential, expected.algorithm.oid_octets(), &content, &info);
    same("the signature file", proposal.p7s, &message)?;
    Ok(Signed { signature, is_countersignature: false })
}

/// The signed content, spec 3.1.
pub(super) fn content(digest: Digest) -> Vec<u8> {
    format!("Version:1\n\n{}-Hash:{}\n\n", digest.algorithm().oid(), digest.to_base64()).into_bytes()
}

/// The only token, where there must be one.
pub(super) fn token(signer: &SignerInfo, wanted: bool) -> Result<Option<Vec<u8>>, Refusal> {
    match (signer.timestamps().as_slice(), wanted) {
        ([], false) => Ok(None),
        ([token], true) => Ok(Some(token.to_vec())),
        ([], true) => Err(fault("the time stamp is missing")),
        (_, true) => Err(fault("there is more than one time stamp")),
        (_, false) => Err(fault("there is a time stamp that nobody asked for")),
    }
}

/// The SignerInfo, and for the reason's sake its signed attributes first.
pub(super) fn same_signer(signer: &SignerInfo, expected: &[u8]) -> Result<(), Refusal> {
    same("our SignerInfo", signer.bytes(), expected)
}

fn message(credential: &Credential, algorithm: &[u8], content: &[u8], signer_info: &[u8]) -> Vec<u8> {
    let mut certificates: Vec<Vec<u8>> = credential.chain().iter().map(|c| c.der().to_vec()).collect();
    certificates.sort();
    certificates.dedup();
    let version: u8 = if credential.leaf().subject_key_identifier().is_some() { 3 } else { 1 };
    let signed_data = sequence(&[
        &integer(&[version]),
        &tlv(SET, &sequence(&[&oid(algorithm)])),
        &sequence(&[&oid(spec::ID_DATA), &tlv(0xA0, &octet_string(content))]),
        &set_of(0xA0, certificates),
        &tlv(SET, signer_info),
    ]);
    tlv(SEQUENCE, &[oid(spec::ID_SIGNED_DATA), tlv(0xA0, &signed_data)].concat())
}
