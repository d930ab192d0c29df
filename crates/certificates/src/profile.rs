//! What NuGet asks of a signer's own certificate, beside its chain (spec 5.1).

use crate::certificate::Certificate;
use model::NuCode;
use time::OffsetDateTime;

/// Shortest RSA key that NuGet takes.
pub const RSA_BITS_MIN: usize = 2048;

/// Every rule for signer certificates that `certificate` breaks at the moment `now`: NU3013, NU3014, NU3015, NU3017, in this order.
pub fn signing_problems(certificate: &Certificate, now: OffsetDateTime) -> Vec<NuCode> {
    let mut out = Vec::new();
    if !has_sha2_with_rsa(certificate) {
        out.push(NuCode(3013));
    }
    if certificate.rsa_bits().is_none_or(|bits| bits < RSA_BITS_MIN) {
        out.push(NuCode(3014));
    }
    if has_usage(certificate, LIFETIME_SIGNING) {
        out.push(NuCode(3015));
    }
    if now < certificate.not_before() {
        out.push(NuCode(3017));
    }
    out
}

/// Every rule for the certificates of time-stamping authorities that `certificate` breaks: NU3022, NU3023, NU3025 (spec 5.4).
pub fn timestamping_problems(certificate: &Certificate, now: OffsetDateTime) -> Vec<NuCode> {
    let mut out = Vec::new();
    if !has_sha2_with_rsa(certificate) {
        out.push(NuCode(3022));
    }
    if certificate.rsa_bits().is_none_or(|bits| bits < RSA_BITS_MIN) {
        out.push(NuCode(3023));
    }
    if now < certificate.not_before() {
        out.push(NuCode(3025));
    }
    out
}

/// A sentence for a rule's number.
pub fn reason(code: NuCode) -> &'static str {
    match code.0 {
        3013 => "the signing certificate is signed with an algorithm that is not SHA-2 with RSA",
        3014 => "the signing certificate's key is not RSA of at least 2048 bits",
        3015 => "the signing certificate is meant for lifetime signing",
        3017 => "the signing certificate is not yet valid",
        3022 => "the time-stamping certificate is signed with an algorithm that is not SHA-2 with RSA",
        3023 => "the time-stamping certificate's key is not RSA of at least 2048 bits",
        3025 => "the time-stamping certificate is not yet valid",
        _ => "the certificate breaks a rule of NuGet's",
    }
}

/// Whether it is self-issued as NuGet means it when it forgives a signer its own unknown root (spec 5.2): names equal, and its
/// authority's key identifier, where it names one, its own.
pub fn is_self_issued(certificate: &Certificate) -> bool {
    certificate.is_self_issued()
        && match (certificate.authority_key_identifier(), certificate.subject_key_identifier()) {
            (Some(authority), Some(own)) => authority == own,
            _ => true,
        }
}

fn has_sha2_with_rsa(certificate: &Certificate) -> bool {
    matches!(certificate.signature_algorithm(), [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11..=13])
}

fn has_usage(certificate: &Certificate, oid: &[u8]) -> bool {
    certificate.extensions().extended_key_usage.as_ref().is_some_and(|usages| usages.iter().any(|usage| usage == oid))
}

/// 1.3.6.1.4.1.311.10.3.13.
const LIFETIME_SIGNING: &[u8] = &[0x2B, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 13];
