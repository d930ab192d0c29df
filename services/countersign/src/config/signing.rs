//! `Signing`: which key signs, and what becomes of signatures that are there already. Keys as in the seed system's documents.

use super::read_secret_file;
use config::{Secret, Section};
use model::HashAlgorithm;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// The authority that the seed system asks by default.
const TIMESTAMP_DEFAULT: &str = "http://timestamp.digicert.com";

/// Which key signs.
#[derive(Debug, Clone)]
pub(crate) enum Mode {
    /// Signing is off: packages are served as they came.
    Null,
    /// A certificate made and kept by us.
    SelfSigned(SelfSigned),
    /// A certificate from a PFX file.
    StoredCertificate(StoredCertificate),
}

/// `Signing:SelfSigned`.
#[derive(Debug, Clone)]
pub(crate) struct SelfSigned {
    pub(crate) subject_name: Option<String>,
    pub(crate) organization: Option<String>,
    pub(crate) organizational_unit: Option<String>,
    pub(crate) country: Option<String>,
    /// `Shield:ServerName` or `Shields:ServerName`.
    pub(crate) server_name: Option<String>,
    pub(crate) key_bits: usize,
    pub(crate) validity_days: u32,
    pub(crate) certificate_path: String,
}

/// `Signing:StoredCertificate`.
#[derive(Debug, Clone)]
pub(crate) struct StoredCertificate {
    /// Absolute: a local file; relative: in the key store.
    pub(crate) file_path: String,
    /// SHA-1 thumbprint of a certificate in one of .NET's stores, instead of a file.
    pub(crate) thumbprint: Option<String>,
    pub(crate) store_name: String,
    pub(crate) store_location: String,
}

/// What a download gets while signing fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFailure {
    /// 503 and Retry-After.
    Unavailable,
    /// The package as it came.
    ServeUnsigned,
}

/// `Signing`, checked.
#[derive(Debug, Clone)]
pub(crate) struct Signing {
    pub(crate) mode: Mode,
    /// Protects the PFX, whichever mode it is.
    pub(crate) certificate_password: Option<Secret>,
    /// Of certificate and signature.
    pub(crate) algorithm: HashAlgorithm,
    /// `None`: signatures are not time-stamped.
    pub(crate) timestamp_url: Option<String>,
    pub(crate) timestamp_trusted_roots: Vec<PathBuf>,
    pub(crate) timestamp_deadline: Duration,
    /// Packages with somebody else's repository signature are refused.
    pub(crate) reject_upstream: bool,
    pub(crate) on_failure: OnFailure,
    /// The package is hashed again before each signature.
    pub(crate) rehash: bool,
    /// Whether the configuration names a mode; `serve` alone does without.
    pub(crate) is_mode_named: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ModeName {
    Null,
    SelfSigned,
    StoredCertificate,
    Later,
}

impl Signing {
    pub(super) fn read(root: &Section<'_>, given: bool) -> Self {
        let section = root.section("Signing");
        let modes = [
            ("Null", ModeName::Null),
            ("SelfSigned", ModeName::SelfSigned),
            ("StoredCertificate", ModeName::StoredCertificate),
            ("AzureKeyVault", ModeName::Later),
            ("AwsKms", ModeName::Later),
            ("AwsSigner", ModeName::Later),
            ("GcpKms", ModeName::Later),
            ("GcpHsm", ModeName::Later),
        ];
        let (mode, provider) = (section.choice("Mode", &modes), section.choice("Provider", &modes));
        both(&section, "Mode", "Provider", mode, provider);
        let mode_name = provider.or(mode).unwrap_or(ModeName::SelfSigned);
        if mode_name == ModeName::Later {
            section.problem("Mode", "this provider is not built yet; SelfSigned, StoredCertificate and Null are");
        }
        let policies = [("ReSign", false), ("Reject", true)];
        let (upstream, publish) = (section.choice("UpstreamSignature", &policies), section.choice("PublishSignaturePolicy", &policies));
        both(&section, "UpstreamSignature", "PublishSignaturePolicy", upstream, publish);

        let self_signed = section.section("SelfSigned");
        let (own, algorithm) = read_self_signed(root, &self_signed);
        let (stored, stored_password) = read_stored(&section.section("StoredCertificate"), mode_name == ModeName::StoredCertificate);
        // The top-level secret wins over the one beside the file, as the seeds say.
        let password = section.referenced("CertificatePasswordSecret", &read_secret_file);
        let timestamp_url = match section.text("TimestampServerUrl") {
            Some(text) if text.trim().is_empty() => None,
            Some(text) => {
                if !Url::parse(&text).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.host_str().is_some()) {
                    section.problem(
                        "TimestampServerUrl",
                        format!("{text:?} is not an absolute http or https address; \"\" turns time-stamping off"),
                    );
                }
                Some(text)
            }
            None => given.then(|| TIMESTAMP_DEFAULT.to_owned()),
        };
        Self {
            mode: match mode_name {
                ModeName::StoredCertificate => Mode::StoredCertificate(stored),
                ModeName::SelfSigned => Mode::SelfSigned(own),
                ModeName::Null | ModeName::Later => Mode::Null,
            },
            certificate_password: password.or(stored_password),
            algorithm,
            timestamp_url,
            timestamp_trusted_roots: section.list("TimestampTrustedRoots").into_iter().map(PathBuf::from).collect(),
            timestamp_deadline: section
                .duration("TimestampDeadline", Duration::from_secs(1)..=Duration::from_secs(60))
                .unwrap_or(Duration::from_secs(10)),
            reject_upstream: publish.or(upstream).unwrap_or(false),
            on_failure: section
                .choice("OnFailure", &[("Unavailable", OnFailure::Unavailable), ("ServeUnsigned", OnFailure::ServeUnsigned)])
                .unwrap_or(OnFailure::Unavailable),
            rehash: section.choice("RehashBeforeSigning", &[("Never", false), ("Always", true)]).unwrap_or(false),
            is_mode_named: provider.or(mode).is_some(),
        }
    }

    /// Whether anything signs at all.
    pub(crate) fn is_on(&self) -> bool {
        !matches!(self.mode, Mode::Null)
    }
}

fn both<T: PartialEq>(section: &Section<'_>, one: &str, other: &str, a: Option<T>, b: Option<T>) {
    if let (Some(a), Some(b)) = (a, b)
        && a != b
    {
        section.problem(one, format!("{} says something else; they are two names for one thing", section.path_of(other)));
    }
}

fn read_self_signed(root: &Section<'_>, section: &Section<'_>) -> (SelfSigned, HashAlgorithm) {
    let server_name = root.section("Shield").filled("ServerName").or_else(|| root.section("Shields").filled("ServerName"));
    let country = section.filled("Country");
    if country.as_ref().is_some_and(|c| c.chars().count() != 2) {
        section.problem("Country", "is not two letters");
    }
    let certificate_path = section.filled("CertificatePath").unwrap_or_else(|| "certs/repository-signing.pfx".to_owned());
    if certificate_path.starts_with('/') || certificate_path.split('/').any(|part| part == "..") {
        section.problem("CertificatePath", "must be a relative path inside the key store");
    }
    let algorithms = HashAlgorithm::ALL.map(|a| (a.name(), a));
    let own = SelfSigned {
        subject_name: section.filled("SubjectName"),
        organization: section.filled("Organization"),
        organizational_unit: section.filled("OrganizationalUnit"),
        country,
        server_name,
        key_bits: section.choice("KeySize", &[("KeySize2048", 2048), ("KeySize3072", 3072), ("KeySize4096", 4096)]).unwrap_or(4096),
        validity_days: section.integer("ValidityInDays", 1..=3650).and_then(|d| u32::try_from(d).ok()).unwrap_or(3650),
        certificate_path,
    };
    (own, section.choice("HashAlgorithm", &algorithms).unwrap_or(HashAlgorithm::Sha256))
}

fn read_stored(section: &Section<'_>, used: bool) -> (StoredCertificate, Option<Secret>) {
    let password = section.secret("Password", &read_secret_file);
    let file_path = section.filled("FilePath");
    let thumbprint = section.filled("Thumbprint");
    let (store_name, store_location) = (section.filled("StoreName"), section.filled("StoreLocation"));
    if used {
        match (&file_path, &thumbprint) {
            (Some(_), Some(_)) => section.problem("Thumbprint", "FilePath is given too; one of the two says which certificate"),
            (None, Some(_)) if store_name.is_none() || store_location.is_none() => {
                section.problem("Thumbprint", "StoreName and StoreLocation say where that certificate is");
            }
            (None, Some(_)) => {}
            (None, None) => section.problem("FilePath", "StoredCertificate needs the path of a PFX file"),
            (Some(_), None) => {}
        }
    }
    let stored = StoredCertificate {
        file_path: file_path.unwrap_or_default(),
        thumbprint,
        store_name: store_name.unwrap_or_default(),
        store_location: store_location.unwrap_or_default(),
    };
    (stored, password)
}
