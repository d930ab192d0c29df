//! What a signature says about itself, for `inspect`. Nothing is believed or refused here.

use crate::loaded::{self, Loaded};
use certificates::Certificate;
use model::signature_kind::SignatureKind;
use model::{HashAlgorithm, Refusal};
use nuget_signature::parse::PrimarySignature;
use nuget_signature::signer_info::{DigestAlgorithm, SignerInfo};
use nuget_signature::timestamp_token;
use time::{Duration, OffsetDateTime};

/// A package's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The primary signature.
    pub primary: SignatureDescription,
    /// The algorithm of the signed package digest.
    pub hash_algorithm: HashAlgorithm,
    /// The signed package digest as it stands in the signed content: base64.
    pub signed_hash: String,
    /// The repository countersignature.
    pub countersignature: Option<SignatureDescription>,
    /// How many countersignatures there are of other kinds.
    pub other_countersignatures: usize,
    /// SHA-256 fingerprints and subjects of the certificates that the signature carries, in file order.
    pub certificates: Vec<CertificateDescription>,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureDescription {
    /// Its kind.
    pub kind: SignatureKind,
    /// The signer's certificate, when it is there.
    pub certificate: Option<CertificateDescription>,
    /// The digest algorithm: `SHA256` and so on, or what else stands there.
    pub digest: String,
    /// The service index, for repositories.
    pub service_index: Option<String>,
    /// The owners, for repositories.
    pub owners: Vec<String>,
    /// Its time stamps.
    pub timestamps: Vec<TimestampDescription>,
}

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateDescription {
    /// SHA-256, hexadecimal, upper case.
    pub fingerprint: String,
    /// The subject as .NET writes it.
    pub subject: String,
    /// The issuer as .NET writes it.
    pub issuer: String,
    /// Start of its validity.
    pub not_before: OffsetDateTime,
    /// End of its validity.
    pub not_after: OffsetDateTime,
}

/// One time stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampDescription {
    /// When it says it was made.
    pub time: OffsetDateTime,
    /// How far off that may be.
    pub accuracy: Duration,
    /// The authority's certificate.
    pub certificate: Option<CertificateDescription>,
}

/// Describes a signature that loads. Fails where a countersignature or a time stamp cannot be read.
pub fn describe(signature: &PrimarySignature) -> Result<Description, Refusal> {
    let loaded = Loaded::new(signature.clone())?;
    let mut primary = part(&loaded, signature.signer(), signature.kind())?;
    primary.service_index = signature.service_index().map(str::to_owned);
    primary.owners = signature.owners().to_vec();
    let mut countersignature = None;
    if signature.has_repository_countersignature().map_err(|e| e.to_refusal())?
        && let Some(counter) = signature.repository_countersignature().map_err(|e| e.to_refusal())?
    {
        let mut described = part(&loaded, counter.signer(), SignatureKind::Repository)?;
        described.service_index = Some(counter.service_index().to_owned());
        described.owners = counter.owners().to_vec();
        countersignature = Some(described);
    }
    let countersigners = signature.countersigners().map_err(|e| e.to_refusal())?.len();
    Ok(Description {
        primary,
        hash_algorithm: signature.content().algorithm,
        signed_hash: signature.content().hash_base64.clone(),
        other_countersignatures: countersigners - usize::from(countersignature.is_some()),
        countersignature,
        certificates: loaded.certificates.iter().map(CertificateDescription::of).collect(),
    })
}

fn part(loaded: &Loaded, signer: &SignerInfo, kind: SignatureKind) -> Result<SignatureDescription, Refusal> {
    let mut timestamps = Vec::new();
    for token in signer.timestamps() {
        let token = timestamp_token::parse(token).map_err(|e| e.to_refusal())?;
        let certificates = loaded::read_all(token.certificates())?;
        let certificate = loaded::find(token.signer(), token.certificates(), &certificates);
        timestamps.push(TimestampDescription {
            time: token.gen_time(),
            accuracy: token.accuracy(),
            certificate: certificate.as_ref().map(CertificateDescription::of),
        });
    }
    Ok(SignatureDescription {
        kind,
        certificate: loaded.certificate_of(signer).as_ref().map(CertificateDescription::of),
        digest: match signer.digest_algorithm() {
            DigestAlgorithm::Md5 => "MD5".to_owned(),
            DigestAlgorithm::Sha1 => "SHA1".to_owned(),
            DigestAlgorithm::Sha2(algorithm) => algorithm.name().to_owned(),
            DigestAlgorithm::Other(_) => "unknown".to_owned(),
        },
        service_index: None,
        owners: Vec::new(),
        timestamps,
    })
}

impl CertificateDescription {
    /// Describes a certificate.
    pub fn of(certificate: &Certificate) -> Self {
        Self {
            fingerprint: certificate.fingerprint(HashAlgorithm::Sha256).to_hex_upper(),
            subject: certificate.subject(),
            issuer: certificate.issuer(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
        }
    }
}
