//! What OpenSSL checks about a chain once it stands. Every finding is collected, none ends the checking: .NET asks for them all.

use super::ChainStatus;
use super::search::{is_self_signed, may_have_issued};
use crate::certificate::Certificate;
use crate::extensions::{DIRECTORY_NAME, EMAIL_NAME, NameConstraints, Subtree};
use crate::name;
use time::OffsetDateTime;

/// Critical extensions, who may issue, path lengths.
pub(super) fn extensions(chain: &[Certificate], statuses: &mut Vec<ChainStatus>) {
    let mut below = 0;
    for (depth, certificate) in chain.iter().enumerate() {
        let extensions = certificate.extensions();
        if extensions.unhandled_critical {
            statuses.push(ChainStatus::HasNotSupportedCriticalExtension);
        }
        if depth > 0 {
            let authority = authority(certificate);
            let is_last = depth + 1 == chain.len();
            if authority == Authority::No || (!is_last && authority != Authority::Yes) {
                statuses.push(ChainStatus::InvalidBasicConstraints);
            }
        }
        let path_length = extensions.basic_constraints.and_then(|b| b.path_length);
        if depth > 1 && path_length.is_some_and(|most| below > most) {
            statuses.push(ChainStatus::InvalidBasicConstraints);
        }
        if depth > 0 && certificate.subject_canonical() != certificate.issuer_canonical() {
            below += 1;
        }
    }
}

/// Whether a certificate may issue others.
#[derive(Debug, PartialEq, Eq)]
enum Authority {
    Yes,
    No,
    /// Old certificates that do not say: tolerated as the last of a chain.
    Unsaid,
}

fn authority(certificate: &Certificate) -> Authority {
    let extensions = certificate.extensions();
    if extensions.invalid || extensions.key_usage.is_some_and(|usage| !usage.certificate_signing()) {
        return Authority::No;
    }
    match extensions.basic_constraints {
        Some(constraints) if constraints.is_ca => Authority::Yes,
        Some(_) => Authority::No,
        None if certificate.is_version_one() && is_self_signed(certificate) => Authority::Unsaid,
        None if extensions.key_usage.is_some() || extensions.netscape_ca => Authority::Unsaid,
        None => Authority::No,
    }
}

/// Each certificate's signature by the next one's key; an untrusted root's by its own. A trusted root's own is not looked at, since
/// .NET forgives it.
pub(super) fn signatures(chain: &[Certificate], trusted: bool, statuses: &mut Vec<ChainStatus>) {
    for pair in chain.windows(2) {
        let [subject, issuer] = pair else { continue };
        if issuer.extensions().key_usage.is_some_and(|usage| !usage.certificate_signing()) {
            statuses.push(ChainStatus::InvalidBasicConstraints);
        }
        if !subject.is_signed_by(issuer) {
            statuses.push(ChainStatus::NotSignatureValid);
        }
    }
    if let Some(last) = chain.last()
        && !trusted
        && may_have_issued(last, last)
    {
        let is_ca = last.extensions().basic_constraints.is_some_and(|b| b.is_ca);
        if is_ca && last.extensions().key_usage.is_some_and(|usage| !usage.certificate_signing()) {
            statuses.push(ChainStatus::InvalidBasicConstraints);
        }
        if !last.is_signed_by(last) {
            statuses.push(ChainStatus::NotSignatureValid);
        }
    }
}

/// Validity at the moment, roots included.
pub(super) fn times(chain: &[Certificate], at: OffsetDateTime, statuses: &mut Vec<ChainStatus>) {
    // OpenSSL's bounds are inclusive at the start, exclusive at the end; at the very last second nobody depends on it.
    if chain.iter().any(|c| at < c.not_before() || at > c.not_after()) {
        statuses.push(ChainStatus::NotTimeValid);
    }
}

/// The names of each certificate within what every issuer above it may certify.
pub(super) fn names(chain: &[Certificate], statuses: &mut Vec<ChainStatus>) {
    for (depth, certificate) in chain.iter().enumerate() {
        // Self-issued intermediates are exempt (RFC 5280 6.1.3 b).
        if depth > 0 && certificate.subject_canonical() == certificate.issuer_canonical() {
            continue;
        }
        for issuer in &chain[depth + 1..] {
            if let Some(constraints) = &issuer.extensions().name_constraints
                && !is_within(certificate, constraints)
            {
                statuses.push(ChainStatus::InvalidNameConstraints);
                return;
            }
        }
    }
}

fn is_within(certificate: &Certificate, constraints: &NameConstraints) -> bool {
    let alternative = &certificate.extensions().alternative_names;
    let mut directories = Vec::new();
    let mut emails = name::email_addresses(certificate.subject_name());
    if !certificate.subject_canonical().is_empty() {
        directories.push(certificate.subject_canonical().to_vec());
    }
    for (tag, content) in alternative {
        match *tag {
            DIRECTORY_NAME => directories.extend(name::canonical(content).ok()),
            EMAIL_NAME => emails.push(content.to_vec()),
            // A form that is not evaluated must not be constrained.
            other => {
                let constrained = |s: &Subtree| *s == Subtree::Other(other);
                if constraints.permitted.iter().chain(&constraints.excluded).any(constrained) {
                    return false;
                }
            }
        }
    }
    let directory = |name: &[u8], tree: &Subtree| matches!(tree, Subtree::Directory(base) if name::is_within(name, base));
    let email = |address: &[u8], tree: &Subtree| matches!(tree, Subtree::Email(base) if email_matches(address, base));
    let permits_directories = constraints.permitted.iter().any(|t| matches!(t, Subtree::Directory(_)));
    let permits_emails = constraints.permitted.iter().any(|t| matches!(t, Subtree::Email(_)));
    directories.iter().all(|name| {
        (!permits_directories || constraints.permitted.iter().any(|t| directory(name, t)))
            && !constraints.excluded.iter().any(|t| directory(name, t))
    }) && emails.iter().all(|address| {
        (!permits_emails || constraints.permitted.iter().any(|t| email(address, t)))
            && !constraints.excluded.iter().any(|t| email(address, t))
    })
}

/// RFC 5280 4.2.1.10: a mailbox, all of a host, or (with a leading dot) all hosts of a domain.
fn email_matches(address: &[u8], base: &[u8]) -> bool {
    let Some(at) = address.iter().rposition(|b| *b == b'@') else { return false };
    let host = &address[at + 1..];
    if let Some(base_at) = base.iter().rposition(|b| *b == b'@') {
        return address[..at] == base[..base_at] && host.eq_ignore_ascii_case(&base[base_at + 1..]);
    }
    if base.first() == Some(&b'.') {
        return host.len() > base.len() && host[host.len() - base.len()..].eq_ignore_ascii_case(base);
    }
    host.eq_ignore_ascii_case(base)
}
