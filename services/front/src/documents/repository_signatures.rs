//! `/v3/repository-signatures/index.json`: which certificates the feed signs with, and whether every package is signed.
//!
//! A client fails every restore when this document lacks a field (spec 6.8): all six stand in each certificate.

use crate::addresses::Addresses;
use crate::documents::moment;
use model::Digest;
use serde::Serialize;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// An active certificate of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// SHA-256 of the certificate.
    pub(crate) fingerprint: Digest,
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
}

/// The document.
pub(crate) fn document(addresses: &Addresses, all_signed: bool, certificates: &[Listed]) -> impl Serialize {
    let signing_certificates = certificates
        .iter()
        .map(|c| Certificate {
            fingerprints: BTreeMap::from([(SHA256, c.fingerprint.to_hex_upper())]),
            subject: c.subject.clone(),
            issuer: c.issuer.clone(),
            not_before: moment(c.not_before),
            not_after: moment(c.not_after),
            content_url: addresses.certificate(&c.fingerprint),
        })
        .collect();
    // A list without members beside `true` would refuse every package (spec 6.8).
    Document { all_repository_signed: all_signed && !certificates.is_empty(), signing_certificates }
}

/// The OID of SHA-256, as the client looks fingerprints up.
const SHA256: &str = "2.16.840.1.101.3.4.2.1";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    all_repository_signed: bool,
    signing_certificates: Vec<Certificate>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    /// Upper case: the client stores them as they are and compares `allowUntrustedRoot` by letter (spec 6.7).
    fingerprints: BTreeMap<&'static str, String>,
    subject: String,
    issuer: String,
    not_before: String,
    not_after: String,
    content_url: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::HashAlgorithm;
    use serde_json::{json, to_value};
    use time::macros::datetime;

    fn addresses() -> Addresses {
        Addresses::new("http://127.0.0.1:5000", "https://localhost:5000")
    }

    #[test]
    fn six_fields_https_utc_and_upper_case() {
        let listed = Listed {
            fingerprint: HashAlgorithm::Sha256.digest(b"abc"),
            subject: "CN=Feed".into(),
            issuer: "CN=Root".into(),
            not_before: datetime!(2025-01-01 02:00:00.25 +02:00),
            not_after: datetime!(2026-01-01 00:00:00 UTC),
        };
        assert_eq!(
            to_value(document(&addresses(), true, &[listed])).unwrap(),
            json!({
                "allRepositorySigned": true,
                "signingCertificates": [{
                    "fingerprints": {
                        "2.16.840.1.101.3.4.2.1": "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
                    },
                    "subject": "CN=Feed",
                    "issuer": "CN=Root",
                    "notBefore": "2025-01-01T00:00:00Z",
                    "notAfter": "2026-01-01T00:00:00Z",
                    "contentUrl": "https://localhost:5000/v3/certificates/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.crt"
                }]
            })
        );
    }

    #[test]
    fn without_certificates_nothing_is_said_to_be_signed() {
        let document = to_value(document(&addresses(), true, &[])).unwrap();
        assert_eq!(document, json!({ "allRepositorySigned": false, "signingCertificates": [] }));
    }
}
