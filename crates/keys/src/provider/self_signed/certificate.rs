//! Making a self-signed certificate, and telling whether one is what the configuration asks for.

use super::Plan;
use crate::local_key::{LocalKey, spki_of};
use crate::{Error, ErrorKind};
use aws_lc_rs::rsa::KeyPair;
use bytes::Bytes;
use const_oid::AssociatedOid;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ID_CE_SUBJECT_KEY_IDENTIFIER, ID_KP_CODE_SIGNING};
use const_oid::db::rfc5912::{SHA_256_WITH_RSA_ENCRYPTION, SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION};
use der::asn1::{BitString, GeneralizedTime, OctetString, UtcTime};
use der::{DateTime, Decode as _, Encode as _};
use model::HashAlgorithm;
use spki::AlgorithmIdentifierOwned;
use time::OffsetDateTime;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier};
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

/// A certificate of ours starts this long before it is made: a timestamp in its very first second, or a client whose clock
/// is behind, would find it not yet valid.
pub(super) const BACKDATED: time::Duration = time::Duration::DAY;

/// Makes the certificate of a fresh key pair, in DER.
pub(super) fn make(plan: &Plan, pair: KeyPair, now: OffsetDateTime) -> Result<Bytes, Error> {
    let failed = |e: der::Error| Error::new(ErrorKind::Internal, "cannot write a certificate").because(e);
    let subject_public_key_info = spki_of(&pair)?;
    let algorithm = AlgorithmIdentifierOwned { oid: signature_oid(plan.hash), parameters: Some(der::asn1::Null.into()) };
    // Whole seconds: a certificate has no finer ones, and 'matches the plan' compares them.
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let key_identifier =
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, subject_public_key_info.subject_public_key.raw_bytes());
    let extensions = [
        extension::<BasicConstraints>(true, &BasicConstraints { ca: false, path_len_constraint: None }),
        extension::<KeyUsage>(true, &KeyUsage(KeyUsages::DigitalSignature.into())),
        extension::<ExtendedKeyUsage>(false, &ExtendedKeyUsage(vec![ID_KP_CODE_SIGNING])),
        extension::<SubjectKeyIdentifier>(false, &SubjectKeyIdentifier(OctetString::new(key_identifier.as_ref()).map_err(failed)?)),
    ];
    let tbs = TbsCertificate {
        version: Version::V3,
        serial_number: random_serial()?,
        signature: algorithm.clone(),
        issuer: plan.subject.clone(),
        validity: Validity { not_before: at(now - BACKDATED)?, not_after: at(now + plan.validity)? },
        subject: plan.subject.clone(),
        subject_public_key_info,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(extensions.into_iter().collect::<Result<_, _>>().map_err(failed)?),
    };
    let signature = LocalKey::new(pair)?.sign_now(plan.hash, &tbs.to_der().map_err(failed)?)?;
    let certificate =
        Certificate { tbs_certificate: tbs, signature_algorithm: algorithm, signature: BitString::from_bytes(&signature).map_err(failed)? };
    Ok(certificate.to_der().map_err(failed)?.into())
}

/// A certificate as a generation of this provider: what there is to compare.
pub(super) struct Generation {
    parsed: Certificate,
}

impl Generation {
    pub(super) fn read(der: &[u8]) -> Result<Self, Error> {
        let parsed = Certificate::from_der(der)
            .map_err(|e| Error::new(ErrorKind::Misconfigured, "the certificate in the key store cannot be read").because(e))?;
        Ok(Self { parsed })
    }

    pub(super) fn not_before(&self) -> OffsetDateTime {
        instant(&self.parsed.tbs_certificate.validity.not_before)
    }

    pub(super) fn not_after(&self) -> OffsetDateTime {
        instant(&self.parsed.tbs_certificate.validity.not_after)
    }

    /// Whether it is the certificate of this key (a SubjectPublicKeyInfo).
    pub(super) fn has_key(&self, public_key: &[u8]) -> bool {
        self.parsed.tbs_certificate.subject_public_key_info.to_der().is_ok_and(|der| der == public_key)
    }

    /// Whether it is what `plan` would make, key size apart (that is the key's to say).
    pub(super) fn matches(&self, plan: &Plan) -> bool {
        let tbs = &self.parsed.tbs_certificate;
        let has_extension = |oid: ObjectIdentifier| tbs.extensions.iter().flatten().any(|e| e.extn_id == oid);
        let signs_code = tbs
            .extensions
            .iter()
            .flatten()
            .find(|e| e.extn_id == ExtendedKeyUsage::OID)
            .and_then(|e| ExtendedKeyUsage::from_der(e.extn_value.as_bytes()).ok())
            .is_some_and(|usage| usage.0 == [ID_KP_CODE_SIGNING]);
        tbs.subject == plan.subject
            && tbs.issuer == plan.subject
            && self.parsed.signature_algorithm.oid == signature_oid(plan.hash)
            && self.not_after() - self.not_before() == plan.validity + BACKDATED
            && signs_code
            && has_extension(ID_CE_SUBJECT_KEY_IDENTIFIER)
    }
}

fn extension<T: AssociatedOid + der::Encode>(critical: bool, value: &T) -> der::Result<Extension> {
    Ok(Extension { extn_id: T::OID, critical, extn_value: OctetString::new(value.to_der()?)? })
}

fn signature_oid(hash: HashAlgorithm) -> ObjectIdentifier {
    match hash {
        HashAlgorithm::Sha256 => SHA_256_WITH_RSA_ENCRYPTION,
        HashAlgorithm::Sha384 => SHA_384_WITH_RSA_ENCRYPTION,
        HashAlgorithm::Sha512 => SHA_512_WITH_RSA_ENCRYPTION,
    }
}

/// Sixteen random octets, positive and never shorter.
fn random_serial() -> Result<SerialNumber, Error> {
    let mut octets = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut octets).map_err(|e| Error::new(ErrorKind::Internal, "no random octets").because(e))?;
    octets[0] = (octets[0] & 0x7F) | 0x40;
    SerialNumber::new(&octets).map_err(|e| Error::new(ErrorKind::Internal, "cannot write a serial number").because(e))
}

/// UTCTime up to 2049, GeneralizedTime after it (RFC 5280 4.1.2.5).
fn at(moment: OffsetDateTime) -> Result<Time, Error> {
    let beyond = || Error::new(ErrorKind::Internal, "the certificate's time cannot be written");
    let seconds = u64::try_from(moment.unix_timestamp()).map_err(|e| beyond().because(e))?;
    let date = DateTime::from_unix_duration(std::time::Duration::from_secs(seconds)).map_err(|e| beyond().because(e))?;
    Ok(if date.year() <= UtcTime::MAX_YEAR {
        Time::UtcTime(UtcTime::from_date_time(date).map_err(|e| beyond().because(e))?)
    } else {
        Time::GeneralTime(GeneralizedTime::from_date_time(date))
    })
}

fn instant(time: &Time) -> OffsetDateTime {
    let since = time.to_unix_duration();
    // Every date of X.509 (up to the year 9999) is within OffsetDateTime's range.
    OffsetDateTime::UNIX_EPOCH.checked_add(time::Duration::try_from(since).unwrap_or_default()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
