//! signing-certificate and signing-certificate-v2 (spec 4.5, 5.4): that they name the certificate that signed.
//!
//! ```text
//! SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2, policies SEQUENCE OF PolicyInformation OPTIONAL }
//! ESSCertIDv2 ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier DEFAULT sha256, certHash OCTET STRING, issuerSerial IssuerSerial OPTIONAL }
//! SigningCertificate ::= SEQUENCE { certs SEQUENCE OF ESSCertID, policies … OPTIONAL }
//! ESSCertID ::= SEQUENCE { certHash OCTET STRING, issuerSerial IssuerSerial OPTIONAL }
//! IssuerSerial ::= SEQUENCE { issuer SEQUENCE OF GeneralName, serialNumber INTEGER }
//! ```

use super::sequence_reader::SequenceReader;
use crate::certificate::CertificateParts;
use crate::error::Error;
use crate::signer_info::SignerInfo;
use crate::spec::{self, tag};
use model::HashAlgorithm;
use model::distinguished_name;
use model::signature_kind::SignatureKind;

/// What must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Requirement {
    /// Nothing; what is there is checked.
    Nothing,
    /// Version 2, with issuerSerial; version 1 must be absent.
    OnlyV2,
    /// Either version.
    Either,
}

/// A fault of the kind that the signature in question gives its own number.
type Fault = fn(&'static str) -> Error;

/// The rules for a primary signature of this kind; faults are NU3011.
pub fn check_primary(signer: &SignerInfo, kind: SignatureKind, certificate: &[u8]) -> Result<(), Error> {
    let requirement = if kind == SignatureKind::Unknown { Requirement::Nothing } else { Requirement::OnlyV2 };
    check(signer, certificate, requirement, Error::SigningCertificate)
}

/// The rules for the signature of a time-stamp token; faults are NU3021.
pub fn check_timestamp(signer: &SignerInfo, certificate: &[u8]) -> Result<(), Error> {
    check(signer, certificate, Requirement::Either, Error::Timestamp)
}

fn check(signer: &SignerInfo, certificate: &[u8], requirement: Requirement, fault: Fault) -> Result<(), Error> {
    let (mut v1, mut v2) = (None, None);
    let list = signer.signed_attributes().map(|attributes| attributes.list.as_slice()).unwrap_or_default();
    for attribute in list {
        let found = if attribute.oid == spec::SIGNING_CERTIFICATE {
            &mut v1
        } else if attribute.oid == spec::SIGNING_CERTIFICATE_V2 {
            &mut v2
        } else {
            continue;
        };
        let [value] = attribute.values.as_slice() else { return Err(fault("a signing-certificate attribute must have exactly one value")) };
        if found.replace(signer.file().get(value.clone()).unwrap_or_default()).is_some() {
            return Err(fault("there are several signing-certificate attributes of one version"));
        }
    }
    match requirement {
        Requirement::OnlyV2 if v1.is_some() => return Err(fault("a signing-certificate attribute must not be present")),
        Requirement::OnlyV2 if v2.is_none() => return Err(fault("the signing-certificate-v2 attribute is missing")),
        Requirement::Either if v1.is_none() && v2.is_none() => return Err(fault("the signing-certificate attributes are missing")),
        _ => {}
    }
    if let Some(value) = v2 {
        check_v2(value, certificate, requirement == Requirement::OnlyV2, fault)?;
    }
    // Of an Unknown signature NuGet reads version 1 as well.
    if let Some(value) = v1 {
        check_v1(value, certificate, fault)?;
    }
    Ok(())
}

/// One ESSCertID of either version.
struct CertificateId<'a> {
    algorithm: String,
    hash: &'a [u8],
    issuer_serial: Option<IssuerSerial<'a>>,
}

struct IssuerSerial<'a> {
    issuer: &'a [u8],
    serial: &'a [u8],
}

fn check_v2(value: &[u8], certificate: &[u8], issuer_serial_required: bool, fault: Fault) -> Result<(), Error> {
    let ids = read_ids(value, |id| {
        let algorithm = if id.has_tag(tag::SEQUENCE) { read_algorithm(id)? } else { HashAlgorithm::Sha256.oid().to_owned() };
        Ok(algorithm)
    })?;
    let first = ids.first().ok_or_else(|| fault("it names no certificate"))?;
    let algorithm = |id: &CertificateId<'_>| HashAlgorithm::ALL.into_iter().find(|algorithm| algorithm.oid() == id.algorithm);
    let (Some(hash_algorithm), true) = (algorithm(first), ids.iter().all(|id| algorithm(id).is_some())) else {
        return Err(fault("it uses a hash algorithm that is not allowed"));
    };
    if issuer_serial_required && first.issuer_serial.is_none() {
        return Err(fault("it does not name the certificate's issuer and serial number"));
    }
    if !matches_issuer_serial(first, certificate)? || first.hash != hash_algorithm.digest(certificate).as_bytes() {
        return Err(fault("it names another certificate"));
    }
    Ok(())
}

fn check_v1(value: &[u8], certificate: &[u8], fault: Fault) -> Result<(), Error> {
    const SHA1_LENGTH: usize = 20;
    let ids = read_ids(value, |_| Ok(String::new()))?;
    let first = ids.first().ok_or_else(|| fault("it names no certificate"))?;
    // NuGet does not compare the hash itself.
    if !matches_issuer_serial(first, certificate)? || first.hash.len() != SHA1_LENGTH {
        return Err(fault("it names another certificate"));
    }
    Ok(())
}

fn matches_issuer_serial(id: &CertificateId<'_>, certificate: &[u8]) -> Result<bool, Error> {
    let Some(named) = &id.issuer_serial else { return Ok(true) };
    let certificate = CertificateParts::read(certificate)?;
    Ok(named.serial == certificate.serial && distinguished_name::text(named.issuer) == distinguished_name::text(certificate.issuer))
}

const MALFORMED: Error = Error::SigningCertificateFormat("it has more than it may");

fn read_ids<'a>(
    value: &'a [u8],
    algorithm: impl Fn(&mut SequenceReader<'a>) -> Result<String, Error>,
) -> Result<Vec<CertificateId<'a>>, Error> {
    let mut outer = SequenceReader::sequence(value)?;
    let mut certificates = outer.read_sequence()?;
    let mut ids = Vec::new();
    while certificates.has_data() {
        let mut id = certificates.read_sequence()?;
        let algorithm = algorithm(&mut id)?;
        let hash = id.read(tag::OCTET_STRING)?;
        let issuer_serial = if id.has_data() { Some(read_issuer_serial(&mut id)?) } else { None };
        if id.has_data() {
            return Err(MALFORMED);
        }
        ids.push(CertificateId { algorithm, hash, issuer_serial });
    }
    if outer.has_data() {
        let mut policies = outer.read_sequence()?;
        while policies.has_data() {
            read_policy(&mut policies)?;
        }
        if outer.has_data() {
            return Err(MALFORMED);
        }
    }
    Ok(ids)
}

fn read_algorithm(id: &mut SequenceReader<'_>) -> Result<String, Error> {
    let mut fields = id.read_sequence()?;
    let oid = fields.read_oid()?;
    if fields.has_data() {
        fields.read_null()?;
        if fields.has_data() {
            return Err(MALFORMED);
        }
    }
    Ok(oid)
}

/// Exactly one GeneralName, a directoryName `[4]`.
fn read_issuer_serial<'a>(id: &mut SequenceReader<'a>) -> Result<IssuerSerial<'a>, Error> {
    let mut fields = id.read_sequence()?;
    let mut names = fields.read_sequence()?;
    if names.peek_tag()? != tag::constructed(4) {
        while names.has_data() {
            names.skip_validated()?;
        }
        return Err(Error::SigningCertificateFormat("an issuer is not named by a directory name"));
    }
    let issuer = names.read(tag::constructed(4))?;
    if names.has_data() {
        return Err(MALFORMED);
    }
    let serial = fields.read(tag::INTEGER)?;
    Ok(IssuerSerial { issuer, serial })
}

/// `SEQUENCE { policyIdentifier, SEQUENCE SIZE (1..MAX) OF SEQUENCE { OBJECT IDENTIFIER, ANY } OPTIONAL }`
fn read_policy(policies: &mut SequenceReader<'_>) -> Result<(), Error> {
    const ANY_POLICY: &str = "2.5.29.32.0";
    const QUALIFIERS: [&str; 2] = ["1.3.6.1.5.5.7.2.1", "1.3.6.1.5.5.7.2.2"];
    let mut policy = policies.read_sequence()?;
    let any_policy = policy.read_oid()? == ANY_POLICY;
    if !policy.has_data() {
        return Ok(());
    }
    let mut qualifiers = policy.read_sequence()?;
    if !qualifiers.has_data() {
        return Err(MALFORMED);
    }
    while qualifiers.has_data() {
        let mut qualifier = qualifiers.read_sequence()?;
        let oid = qualifier.read_oid()?;
        if qualifier.has_data() {
            qualifier.read_encoded()?;
            if qualifier.has_data() {
                return Err(MALFORMED);
            }
        }
        if any_policy && !QUALIFIERS.contains(&oid.as_str()) {
            return Err(MALFORMED);
        }
    }
    Ok(())
}
