//! The search for issuers (OpenSSL 3.0, roots first): by name, key identifiers and kind of key, signatures not looked at.

use crate::certificate::Certificate;
use time::OffsetDateTime;

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// In one of the roots.
    Trusted,
    /// In a self-signed certificate that is none of them.
    UntrustedRoot,
    /// In a certificate whose issuer was not found.
    Open,
}

/// Certificates, leaf first, and how they ended.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) elements: Vec<Certificate>,
    pub(super) ending: Ending,
}

/// Longest chain that is followed; OpenSSL's own limit is 100, and nobody's chain has ten.
const DEPTH_MAX: usize = 32;

/// Extends `leaf` with issuers until it ends in a root, in a self-signed certificate, or nowhere.
pub(super) fn search(leaf: &Certificate, extra: &[Certificate], roots: &[Certificate], at: OffsetDateTime) -> Found {
    let mut elements = vec![leaf.clone()];
    // What is in the bundle and not self-issued is a possible intermediate, never an anchor.
    let mut pool: Vec<&Certificate> = roots.iter().filter(|c| !c.is_self_issued()).chain(extra).collect();
    let mut untrusted = true;
    loop {
        let current = &elements[elements.len() - 1];
        if elements.len() > DEPTH_MAX {
            return Found { elements, ending: Ending::Open };
        }
        let self_signed = is_self_signed(current);
        if let Some(root) = best(roots.iter().filter(|c| c.is_self_issued()), current, at, |_| true) {
            if !self_signed {
                let root_is_self_signed = is_self_signed(root);
                elements.push(root.clone());
                untrusted = false;
                if root_is_self_signed {
                    return Found { elements, ending: Ending::Trusted };
                }
                continue;
            }
            // A self-signed certificate with the names of a root must be that root.
            if current == root {
                return Found { elements, ending: Ending::Trusted };
            }
        }
        if self_signed {
            return Found { elements, ending: Ending::UntrustedRoot };
        }
        if !untrusted {
            return Found { elements, ending: Ending::Open };
        }
        let only_leaf = elements.len() == 1 && current.subject_canonical() == current.issuer_canonical();
        let Some(issuer) = best(pool.iter().copied(), current, at, |c| only_leaf || !elements.contains(c)) else {
            return Found { elements, ending: Ending::Open };
        };
        let issuer = issuer.clone();
        if let Some(place) = pool.iter().position(|c| **c == issuer) {
            pool.swap_remove(place);
        }
        elements.push(issuer);
    }
}

/// The first of `candidates` that may have issued `subject` and is valid at the moment; when none is valid, the one that ends last.
fn best<'a>(
    candidates: impl Iterator<Item = &'a Certificate>,
    subject: &Certificate,
    at: OffsetDateTime,
    allowed: impl Fn(&Certificate) -> bool,
) -> Option<&'a Certificate> {
    let mut best: Option<&Certificate> = None;
    for candidate in candidates {
        if candidate.subject_canonical() != subject.issuer_canonical() || !may_have_issued(candidate, subject) || !allowed(candidate) {
            continue;
        }
        if is_valid_at(candidate, at) {
            return Some(candidate);
        }
        if best.is_none_or(|b| candidate.not_after() > b.not_after()) {
            best = Some(candidate);
        }
    }
    best
}

/// Whether names, key identifiers and kind of key allow that `issuer` issued `subject` (OpenSSL's `X509_check_issued`, without
/// key usage).
pub(super) fn may_have_issued(issuer: &Certificate, subject: &Certificate) -> bool {
    issuer.subject_canonical() == subject.issuer_canonical()
        && !issuer.extensions().invalid
        && !subject.extensions().invalid
        && key_identifier_fits(issuer, subject)
        && issuer.public_key().may_have_made(subject.signature_algorithm())
}

fn key_identifier_fits(issuer: &Certificate, subject: &Certificate) -> bool {
    let Some(authority) = &subject.extensions().authority_key_identifier else { return true };
    if let (Some(wanted), Some(found)) = (&authority.key_identifier, issuer.subject_key_identifier())
        && wanted != found
    {
        return false;
    }
    if authority.serial.as_ref().is_some_and(|serial| serial != issuer.serial()) {
        return false;
    }
    authority.issuer.as_ref().is_none_or(|name| name == issuer.issuer_canonical())
}

/// OpenSSL's "self-signed": self-issued, and key identifier and kind of key do not contradict. The signature is not looked at.
pub(super) fn is_self_signed(certificate: &Certificate) -> bool {
    may_have_issued(certificate, certificate)
}

fn is_valid_at(certificate: &Certificate, at: OffsetDateTime) -> bool {
    certificate.not_before() <= at && at <= certificate.not_after()
}
