//! What may come in: a package's own signature, before anybody signs over it (architecture 5: a broken author's signature is
//! refused with NuGet's code, never for an unknown root).

use crate::integrity;
use crate::loaded::Loaded;
use crate::timestamp;
use certificates::profile;
use model::signature_kind::SignatureKind;
use model::{Code, Digests, NuCode, Refusal};
use nuget_signature::check::check_signature;
use nuget_signature::parse::PrimarySignature;
use time::OffsetDateTime;

/// Checks the primary signature of an arrival: that it is about this package (`unsigned`: digests of its unsigned form, the
/// signature's own algorithm among them), its value, the rules for signers' certificates, and that its time stamps can be read and
/// are about it. Roots, chains and expiry are not looked at: they are the client's to judge.
///
/// A repository signature that policy will cut out is checked all the same: it says what the sender meant to send.
pub fn check_arrival(signature: &PrimarySignature, unsigned: &Digests, now: OffsetDateTime) -> Result<(), Refusal> {
    let content = signature.content();
    let Some(digest) = unsigned.by(content.algorithm) else {
        return Err(Refusal::new(Code::Internal, "the digest that the signature names was not computed"));
    };
    if integrity::signed_digest(content).is_none_or(|signed| signed != digest.as_bytes()) {
        return Err(invalid(3008, "the package has been changed since it was signed"));
    }
    let loaded = Loaded::new(signature.clone())?;
    let certificate = loaded.signer_certificate()?;
    check_signature(signature.signer(), signature.signed_octets(), certificate.der())
        .map_err(|error| invalid(3012, &format!("the signature is invalid: {error}")))?;
    if !certificate.has_readable_times() {
        return Err(invalid(3003, "the signing certificate's validity cannot be read"));
    }
    if let Some(code) = profile::signing_problems(&certificate, now).first() {
        return Err(Refusal { code: Code::SignatureInvalid, nu: Some(*code), reason: profile::reason(*code).to_owned() });
    }
    // The first token decides in NuGet; a bad one is no reason to refuse where it would be ignored, but one about something else is.
    for (token, _) in timestamp::read_all(signature.signer())?.iter().take(1) {
        let imprint = model::HashAlgorithm::from_oid_octets(token.imprint_algorithm());
        if imprint.is_some_and(|a| a.digest(signature.signer().signature_value()).as_bytes() != token.imprint_digest()) {
            return Err(invalid(3019, "the time stamp is about another signature"));
        }
    }
    if signature.kind() == SignatureKind::Author {
        signature.has_repository_countersignature().map_err(|e| e.to_refusal())?;
    }
    Ok(())
}

fn invalid(nu: u16, reason: &str) -> Refusal {
    Refusal { code: Code::SignatureInvalid, nu: Some(NuCode(nu)), reason: reason.to_owned() }
}
