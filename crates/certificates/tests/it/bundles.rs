//! The root bundles of the .NET SDK.

use certificates::{Certificate, ChainStatus, Purpose, chain, pem};
use std::path::PathBuf;
use std::process::Command;

fn bundles() -> Option<Vec<String>> {
    let shared = testkit::shared()?;
    let folder = Command::new(shared.join("tools/trustedroots")).output().unwrap();
    let folder = PathBuf::from(String::from_utf8(folder.stdout).unwrap().trim());
    Some(["codesignctl.pem", "timestampctl.pem"].map(|name| std::fs::read_to_string(folder.join(name)).unwrap()).into())
}

#[test]
fn every_root_of_the_sdk_can_be_read() {
    let Some(bundles) = bundles() else { return };
    for text in bundles {
        let ders = pem::parse_all(&text);
        assert_eq!(ders.len(), text.matches("BEGIN CERTIFICATE").count());
        for der in ders {
            let certificate = Certificate::parse(der.clone()).unwrap();
            assert!(certificate.has_readable_times());
            assert!(!certificate.subject().is_empty());
            assert_eq!(certificate.der(), &der);
        }
    }
}

/// Their own signatures: the better half of a test of every public-key algorithm that roots are signed with.
#[test]
fn every_root_of_the_sdk_signs_itself_and_is_its_own_chain() {
    let Some(bundles) = bundles() else { return };
    let mut unverified = Vec::new();
    for text in bundles {
        let roots: Vec<Certificate> = pem::parse_all(&text).into_iter().map(|der| Certificate::parse(der).unwrap()).collect();
        for root in roots.iter().filter(|root| root.is_self_issued()) {
            if !root.is_signed_by(root) {
                unverified.push(root.subject());
                continue;
            }
            let now = root.not_before() + time::Duration::DAY;
            let alone = chain::build(root, &[], std::slice::from_ref(root), Purpose::CodeSigning, now);
            assert_eq!(alone.elements.len(), 1);
            assert!(!alone.has(ChainStatus::UntrustedRoot) && !alone.has(ChainStatus::NotSignatureValid), "{}", root.subject());
            let untrusted = chain::build(root, &[], &[], Purpose::CodeSigning, now);
            assert!(untrusted.has(ChainStatus::UntrustedRoot), "{}", root.subject());
        }
    }
    unverified.sort();
    unverified.dedup();
    // OpenSSL verifies none of them either (`openssl verify -check_ss_sig`): MD2, and a DigestInfo without parameters. .NET forgives that in roots.
    assert_eq!(unverified, UNVERIFIED);
}

const UNVERIFIED: &[&str] = &[
    "CN=CCA India 2015 SPL, O=India PKI, C=IN",
    "OU=Class 3 Public Primary Certification Authority, O=\"VeriSign, Inc.\", C=US",
    "OU=VeriSign Commercial Software Publishers CA, O=\"VeriSign, Inc.\", L=Internet",
];
