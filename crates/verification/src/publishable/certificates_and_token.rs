//! The credential's chain, the signature value under its leaf, and the time stamp, checked as a stranger would.

use super::{Proposal, Refusal, Signed, fault};
use crate::loaded;
use crate::timestamp::{self, Window};
use certificates::{Certificate, ChainStatus, Purpose, chain, profile};
use model::Code;
use nuget_signature::check::check_signature;
use nuget_signature::timestamp_token;

/// The credential's certificates, leaf first.
pub(super) struct Credential {
    chain: Vec<Certificate>,
}

impl Credential {
    pub(super) fn read(proposal: &Proposal<'_>) -> Result<Self, Refusal> {
        let chain = proposal
            .expected
            .chain
            .iter()
            .map(|der| Certificate::parse(der.clone()).map_err(|e| unusable(&e.to_string())))
            .collect::<Result<Vec<_>, _>>()?;
        if chain.is_empty() {
            return Err(unusable("the credential has no certificate"));
        }
        Ok(Self { chain })
    }

    pub(super) fn leaf(&self) -> &Certificate {
        &self.chain[0]
    }

    pub(super) fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Leaf rules, and that each certificate is issued by the next one.
    fn check(&self, proposal: &Proposal<'_>) -> Result<(), Refusal> {
        let leaf = self.leaf();
        if !leaf.has_readable_times() {
            return Err(unusable("the validity of the signing certificate cannot be read"));
        }
        if let Some(code) = profile::signing_problems(leaf, proposal.now).first() {
            return Err(Refusal { code: Code::CertificateInvalid, nu: Some(*code), reason: profile::reason(*code).to_owned() });
        }
        let root = self.chain.last().unwrap_or(leaf).clone();
        let built = chain::build(leaf, &self.chain, &[root], Purpose::CodeSigning, proposal.now);
        match built.statuses.iter().find(|status| **status != ChainStatus::NotTimeValid) {
            Some(status) => {
                Err(Refusal::nu(Code::CertificateInvalid, 3018, format!("the signing certificate's chain is not valid: {}", status.name())))
            }
            None if built.elements.len() != self.chain.len() => Err(unusable("the credential has certificates that are not of its chain")),
            None => Ok(()),
        }
    }
}

fn unusable(reason: &str) -> Refusal {
    Refusal::new(Code::CertificateInvalid, reason)
}

pub(super) fn check(proposal: &Proposal<'_>, credential: &Credential, signed: &Signed) -> Result<(), Refusal> {
    credential.check(proposal)?;
    let signature = &signed.signature;
    let counter = if signed.is_countersignature {
        signature.repository_countersignature().map_err(|e| fault(e.to_string()))?.map(|c| c.signer())
    } else {
        None
    };
    let (signer, message) = match counter {
        Some(counter) => (counter, signature.signer().signature_value()),
        None => (signature.signer(), signature.signed_octets()),
    };
    let leaf = credential.leaf();
    if leaf.rsa_bits().is_none_or(|bits| signer.signature_value().len() != bits.div_ceil(8)) {
        return Err(fault("the signature value does not have the length of the key"));
    }
    check_signature(signer, message, leaf.der()).map_err(|error| {
        Refusal::nu(Code::VerificationFailed, 3012, format!("the signature does not verify under our certificate: {error}"))
    })?;
    // NuGet finds the certificate by the signer identifier: it must find ours.
    if signer.certificate(signature.certificates()) != Some(leaf.der()) {
        return Err(fault("the signer identifier leads to another certificate"));
    }
    let window = match signer.timestamps().first() {
        Some(token) => token_window(token, signer.signature_value(), proposal)?,
        None => Window::now(proposal.now),
    };
    if !window.is_inside(leaf) {
        return Err(Refusal::nu(Code::CertificateExpired, 3037, "the signature would lie outside the validity of its certificate"));
    }
    Ok(())
}

/// Every check of a token (spec 5.3, 5.4), and that it carries its whole chain, so that it verifies where nothing can be fetched.
fn token_window(token: &[u8], signature_value: &[u8], proposal: &Proposal<'_>) -> Result<Window, Refusal> {
    let token = timestamp_token::parse(token.to_vec()).map_err(|error| Refusal {
        code: Code::TimestampInvalid,
        nu: Some(error.nu()),
        reason: error.to_string(),
    })?;
    let certificates = loaded::read_all(token.certificates())?;
    let certificate = loaded::find(token.signer(), token.certificates(), &certificates)
        .filter(Certificate::has_readable_times)
        .ok_or_else(|| Refusal::nu(Code::TimestampInvalid, 3020, "the time stamp's signer certificate is not in the token"))?;
    if let Some((nu, reason)) = timestamp::problems(&token, &certificate, Some(signature_value), proposal.now).first() {
        let code = match nu {
            3022..=3025 => Code::TimestampCertificate,
            3036 => Code::TimestampOutsideValidity,
            _ => Code::TimestampInvalid,
        };
        return Err(Refusal::nu(code, *nu, *reason));
    }
    let chain = chain::build(&certificate, &certificates, proposal.timestamp_roots, Purpose::TimeStamping, proposal.now);
    if let Some(status) = chain.statuses.first() {
        return Err(Refusal::nu(
            Code::TimestampUntrusted,
            3028,
            format!("the time stamp's certificate chain is not trusted: {}", status.name()),
        ));
    }
    if chain.elements.iter().any(|element| !certificates.contains(element)) {
        return Err(fault("a certificate of the time stamp's chain is missing in the token"));
    }
    Ok(Window::of(&token))
}
