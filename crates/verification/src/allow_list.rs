//! Lists of trusted signers and of fingerprints (spec 6.7, second and fourth provider).

use crate::loaded::Loaded;
use crate::settings::{Policy, SignerKind, TrustedSigner};
use crate::verdict::{Issue, Level, Outcome, Status, Stop};
use certificates::Certificate;
use model::signature_kind::SignatureKind;
use model::{Code, HashAlgorithm, Refusal};

/// The list of trusted signers.
pub(crate) fn check_trusted(loaded: &Loaded, entries: &[TrustedSigner], policy: &Policy) -> Result<Outcome, Stop> {
    if entries.is_empty() {
        if policy.list_required {
            let issue = Issue::new(Level::Error, 3034, "the list of trusted signers is empty");
            return Ok(Outcome { status: Status::Disallowed, issues: vec![issue] });
        }
        return Ok(Outcome { status: Status::Valid, issues: Vec::new() });
    }
    for entry in entries {
        if matches(loaded, entry)? {
            return Ok(Outcome { status: Status::Valid, issues: Vec::new() });
        }
    }
    Ok(no_match(policy, "no signer of the package is a trusted signer"))
}

/// The fingerprints that were asked for: of the primary signer, whose type must be known.
pub(crate) fn check_fingerprints(loaded: &Loaded, fingerprints: &[String], policy: &Policy) -> Result<Outcome, Stop> {
    let certificate = loaded.signer_certificate()?;
    let known = loaded.signature.kind() != SignatureKind::Unknown;
    if known && fingerprints.iter().any(|f| is_fingerprint(&certificate, HashAlgorithm::Sha256, f)) {
        return Ok(Outcome { status: Status::Valid, issues: Vec::new() });
    }
    Ok(no_match(policy, "no signer of the package has a fingerprint that was asked for"))
}

fn no_match(policy: &Policy, message: &str) -> Outcome {
    if policy.allow_untrusted {
        Outcome { status: Status::Valid, issues: vec![Issue::new(Level::Warning, 3034, message)] }
    } else {
        Outcome { status: Status::Disallowed, issues: vec![Issue::new(Level::Error, 3034, message)] }
    }
}

/// Whether an entry names the primary signature, or (a repository) the countersignature.
fn matches(loaded: &Loaded, entry: &TrustedSigner) -> Result<bool, Stop> {
    let signature = &loaded.signature;
    let targeted = match entry.kind {
        SignerKind::Author => signature.kind() == SignatureKind::Author,
        SignerKind::Repository => signature.kind() == SignatureKind::Repository,
    };
    if targeted
        && is_fingerprint(&loaded.signer_certificate()?, entry.algorithm, &entry.fingerprint)
        && owners_match(entry, signature.owners())
    {
        return Ok(true);
    }
    if entry.kind == SignerKind::Author {
        return Ok(false);
    }
    let Some(countersignature) = signature.repository_countersignature()? else { return Ok(false) };
    // NuGet takes the fingerprint without asking whether there is a certificate.
    let certificate = loaded.certificate_of(countersignature.signer()).ok_or_else(|| {
        Stop::Failure(Refusal::new(
            Code::SignatureInvalid,
            "the countersigner's certificate is not in the signature (ArgumentNullException)",
        ))
    })?;
    Ok(is_fingerprint(&certificate, entry.algorithm, &entry.fingerprint) && owners_match(entry, countersignature.owners()))
}

fn owners_match(entry: &TrustedSigner, owners: &[String]) -> bool {
    entry.kind == SignerKind::Author || entry.owners.is_empty() || entry.owners.iter().any(|owner| owners.contains(owner))
}

fn is_fingerprint(certificate: &Certificate, algorithm: HashAlgorithm, text: &str) -> bool {
    certificate.fingerprint(algorithm).to_hex_upper().eq_ignore_ascii_case(text)
}
