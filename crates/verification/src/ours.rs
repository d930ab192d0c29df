//! Whether a package's repository signature is one of ours, to be kept.

use crate::integrity;
use crate::loaded::Loaded;
use crate::timestamp::{self, Window};
use certificates::profile;
use model::signature_kind::SignatureKind;
use model::{Digest, Digests, HashAlgorithm};
use nuget_signature::check::check_signature;
use nuget_signature::parse::PrimarySignature;
use time::OffsetDateTime;

/// Whether the repository signature (primary or countersignature) verifies fully, by one of the `active` certificates (SHA-256
/// fingerprints): package digest, signature value, the author's value below a countersignature, leaf rules, time stamp, and its
/// moment inside the certificate's validity. Whatever cannot be read is not ours.
pub fn is_ours(signature: &PrimarySignature, unsigned: &Digests, active: &[Digest], now: OffsetDateTime) -> bool {
    by_active(signature, unsigned, active, now).is_some()
}

/// The fingerprint of the active certificate that made it.
fn by_active(signature: &PrimarySignature, unsigned: &Digests, active: &[Digest], now: OffsetDateTime) -> Option<Digest> {
    let loaded = Loaded::new(signature.clone()).ok()?;
    let content = signature.content();
    if integrity::signed_digest(content)? != unsigned.by(content.algorithm)?.as_bytes() {
        return None;
    }
    let primary = loaded.signer_certificate().ok()?;
    check_signature(signature.signer(), signature.signed_octets(), primary.der()).ok()?;
    let (signer, certificate) = if signature.kind() == SignatureKind::Repository {
        if !signature.countersigners().ok()?.is_empty() {
            return None;
        }
        (signature.signer(), primary)
    } else {
        if !signature.has_repository_countersignature().ok()? {
            return None;
        }
        let counter = signature.repository_countersignature().ok()??;
        let certificate = loaded.certificate_of(counter.signer())?;
        check_signature(counter.signer(), signature.signer().signature_value(), certificate.der()).ok()?;
        (counter.signer(), certificate)
    };
    let fingerprint = certificate.fingerprint(HashAlgorithm::Sha256);
    if !active.contains(&fingerprint) || !profile::signing_problems(&certificate, now).is_empty() {
        return None;
    }
    let tokens = timestamp::read_all(signer).ok()?;
    let window = match tokens.as_slice() {
        [] => Window::now(now),
        [(token, certificates)] => {
            let authority = crate::loaded::find(token.signer(), token.certificates(), certificates)?;
            if !timestamp::problems(token, &authority, Some(signer.signature_value()), now).is_empty() {
                return None;
            }
            Window::of(token)
        }
        _ => return None,
    };
    window.is_inside(&certificate).then_some(fingerprint)
}
