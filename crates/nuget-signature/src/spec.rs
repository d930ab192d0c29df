//! Object identifiers and constants of the format (spec 4.1), used by both halves. Each identifier is the content octets of
//! its `OBJECT IDENTIFIER`, without tag and length; [`oid_text`] gives the dotted form.

use model::HashAlgorithm;

/// id-data, 1.2.840.113549.1.7.1.
pub const ID_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01];
/// id-signedData, 1.2.840.113549.1.7.2.
pub const ID_SIGNED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
/// id-ct-TSTInfo, 1.2.840.113549.1.9.16.1.4.
pub const ID_TST_INFO: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x01, 0x04];

/// content-type, 1.2.840.113549.1.9.3.
pub const CONTENT_TYPE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x03];
/// message-digest, 1.2.840.113549.1.9.4.
pub const MESSAGE_DIGEST: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x04];
/// signing-time, 1.2.840.113549.1.9.5.
pub const SIGNING_TIME: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x05];
/// countersignature (unsigned), 1.2.840.113549.1.9.6.
pub const COUNTERSIGNATURE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x06];
/// signing-certificate (version 1), 1.2.840.113549.1.9.16.2.12.
pub const SIGNING_CERTIFICATE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x02, 0x0C];
/// signature time-stamp token (unsigned), 1.2.840.113549.1.9.16.2.14.
pub const TIMESTAMP_TOKEN: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x02, 0x0E];
/// commitment-type-indication, 1.2.840.113549.1.9.16.2.16.
pub const COMMITMENT_TYPE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x02, 0x10];
/// signing-certificate-v2, 1.2.840.113549.1.9.16.2.47.
pub const SIGNING_CERTIFICATE_V2: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x02, 0x2F];
/// proof-of-origin, the commitment of an author, 1.2.840.113549.1.9.16.6.1.
pub const PROOF_OF_ORIGIN: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x06, 0x01];
/// proof-of-receipt, the commitment of a repository, 1.2.840.113549.1.9.16.6.2.
pub const PROOF_OF_RECEIPT: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x06, 0x02];
/// nuget-v3-service-index-url, 1.3.6.1.4.1.311.84.2.1.1.1.
pub const SERVICE_INDEX_URL: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x54, 0x02, 0x01, 0x01, 0x01];
/// nuget-package-owners, 1.3.6.1.4.1.311.84.2.1.1.2.
pub const PACKAGE_OWNERS: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x54, 0x02, 0x01, 0x01, 0x02];

/// MD5, 1.2.840.113549.2.5.
pub const MD5: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x02, 0x05];
/// SHA-1, 1.3.14.3.2.26.
pub const SHA1: &[u8] = &[0x2B, 0x0E, 0x03, 0x02, 0x1A];
/// SHA-256, 2.16.840.1.101.3.4.2.1.
pub const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// SHA-384, 2.16.840.1.101.3.4.2.2.
pub const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
/// SHA-512, 2.16.840.1.101.3.4.2.3.
pub const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];

/// rsaEncryption, 1.2.840.113549.1.1.1.
pub const RSA_ENCRYPTION: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
/// md5WithRSAEncryption, 1.2.840.113549.1.1.4.
pub const MD5_WITH_RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x04];
/// sha1WithRSAEncryption, 1.2.840.113549.1.1.5.
pub const SHA1_WITH_RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x05];
/// id-mgf1, 1.2.840.113549.1.1.8.
pub const MGF1: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08];
/// id-RSASSA-PSS, 1.2.840.113549.1.1.10.
pub const RSA_PSS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A];
/// sha256WithRSAEncryption, 1.2.840.113549.1.1.11.
pub const SHA256_WITH_RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B];
/// sha384WithRSAEncryption, 1.2.840.113549.1.1.12.
pub const SHA384_WITH_RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0C];
/// sha512WithRSAEncryption, 1.2.840.113549.1.1.13.
pub const SHA512_WITH_RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0D];

/// The certificate extension subjectKeyIdentifier, 2.5.29.14.
pub const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1D, 0x0E];
/// The policy "ETSI baseline timestamp", 0.4.0.2023.1.1, whose accuracy defaults to one second.
pub const BASELINE_TIMESTAMP_POLICY: &[u8] = &[0x04, 0x00, 0x8F, 0x67, 0x01, 0x01];

/// ASN.1 identifier octets.
pub mod tag {
    /// BOOLEAN.
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING.
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// NULL.
    pub const NULL: u8 = 0x05;
    /// OBJECT IDENTIFIER.
    pub const OID: u8 = 0x06;
    /// UTF8String.
    pub const UTF8_STRING: u8 = 0x0C;
    /// IA5String.
    pub const IA5_STRING: u8 = 0x16;
    /// UTCTime.
    pub const UTC_TIME: u8 = 0x17;
    /// GeneralizedTime.
    pub const GENERALIZED_TIME: u8 = 0x18;
    /// SEQUENCE.
    pub const SEQUENCE: u8 = 0x30;
    /// SET.
    pub const SET: u8 = 0x31;

    /// The constructed context-specific tag `[number]`.
    #[must_use]
    pub const fn constructed(number: u8) -> u8 {
        0xA0 | number
    }

    /// The primitive context-specific tag `[number]`.
    #[must_use]
    pub const fn primitive(number: u8) -> u8 {
        0x80 | number
    }
}

/// The identifier of a hash algorithm that NuGet signs with, as content octets.
#[must_use]
pub const fn hash_oid(algorithm: HashAlgorithm) -> &'static [u8] {
    match algorithm {
        HashAlgorithm::Sha256 => SHA256,
        HashAlgorithm::Sha384 => SHA384,
        HashAlgorithm::Sha512 => SHA512,
    }
}

/// The hash algorithm that NuGet signs with and that has this identifier.
#[must_use]
pub fn hash_by_oid(oid: &[u8]) -> Option<HashAlgorithm> {
    [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512].into_iter().find(|algorithm| hash_oid(*algorithm) == oid)
}

/// The dotted form of an identifier's content octets; `None` when they are none.
#[must_use]
pub fn oid_text(oid: &[u8]) -> Option<String> {
    if oid.last().is_none_or(|last| last & 0x80 != 0) {
        return None;
    }
    let mut arcs: Vec<u128> = Vec::new();
    let (mut value, mut first) = (0_u128, true);
    for octet in oid {
        if value >> 121 != 0 || (value == 0 && *octet == 0x80) {
            return None;
        }
        value = value << 7 | u128::from(octet & 0x7F);
        if octet & 0x80 == 0 {
            if first {
                let root = (value / 40).min(2);
                arcs.extend([root, value - 40 * root]);
                first = false;
            } else {
                arcs.push(value);
            }
            value = 0;
        }
    }
    Some(arcs.iter().map(u128::to_string).collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_dotted_forms_of_the_table() {
        for (oid, text) in [
            (ID_DATA, "1.2.840.113549.1.7.1"),
            (ID_SIGNED_DATA, "1.2.840.113549.1.7.2"),
            (ID_TST_INFO, "1.2.840.113549.1.9.16.1.4"),
            (CONTENT_TYPE, "1.2.840.113549.1.9.3"),
            (MESSAGE_DIGEST, "1.2.840.113549.1.9.4"),
            (SIGNING_TIME, "1.2.840.113549.1.9.5"),
            (COUNTERSIGNATURE, "1.2.840.113549.1.9.6"),
            (SIGNING_CERTIFICATE, "1.2.840.113549.1.9.16.2.12"),
            (TIMESTAMP_TOKEN, "1.2.840.113549.1.9.16.2.14"),
            (COMMITMENT_TYPE, "1.2.840.113549.1.9.16.2.16"),
            (SIGNING_CERTIFICATE_V2, "1.2.840.113549.1.9.16.2.47"),
            (PROOF_OF_ORIGIN, "1.2.840.113549.1.9.16.6.1"),
            (PROOF_OF_RECEIPT, "1.2.840.113549.1.9.16.6.2"),
            (SERVICE_INDEX_URL, "1.3.6.1.4.1.311.84.2.1.1.1"),
            (PACKAGE_OWNERS, "1.3.6.1.4.1.311.84.2.1.1.2"),
            (MD5, "1.2.840.113549.2.5"),
            (SHA1, "1.3.14.3.2.26"),
            (SHA256, "2.16.840.1.101.3.4.2.1"),
            (SHA384, "2.16.840.1.101.3.4.2.2"),
            (SHA512, "2.16.840.1.101.3.4.2.3"),
            (RSA_ENCRYPTION, "1.2.840.113549.1.1.1"),
            (RSA_PSS, "1.2.840.113549.1.1.10"),
            (SHA512_WITH_RSA, "1.2.840.113549.1.1.13"),
            (SUBJECT_KEY_IDENTIFIER, "2.5.29.14"),
            (BASELINE_TIMESTAMP_POLICY, "0.4.0.2023.1.1"),
        ] {
            assert_eq!(oid_text(oid).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_identifier_has_no_text() {
        for oid in [&[][..], &[0x80], &[0x2A, 0x86], &[0x2A, 0x80, 0x01]] {
            assert_eq!(oid_text(oid), None, "{oid:02x?}");
        }
    }
}
