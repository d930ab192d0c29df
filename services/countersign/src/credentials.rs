//! The configured key provider, and the PFX of `countersign sign`: the one place that names concrete providers.

use crate::config::{Mode, Settings};
use crate::system_clock::SystemClock;
use anyhow::{Context as _, Result, anyhow};
use async_trait::async_trait;
use bytes::Bytes;
use keys::provider::self_signed::{KeySize, SelfSigned, SelfSignedConfig, SubjectParts};
use keys::provider::stored_certificate::{Source, StoredCertificate, StoredCertificateConfig};
use keys::store::KeyStore;
use keys::{Identity, KeyProvider, Password};
use model::{Clock as _, HashAlgorithm};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use time::OffsetDateTime;
use verification::TrustRoots;

/// The provider that the configuration names; `None` when signing is off. A certificate that could never sign is refused here.
pub(crate) fn provider(settings: &Settings, roots: &TrustRoots) -> Result<Option<Arc<dyn KeyProvider>>> {
    if matches!(settings.signing.mode, Mode::Null) {
        return Ok(None);
    }
    over(settings, roots, store(&settings.stores.keys)?)
}

/// Whether that provider could be had now; makes nothing.
pub(crate) fn check(settings: &Settings, roots: &TrustRoots) -> Result<()> {
    let empty = tempfile::tempdir()?;
    let folder = if settings.stores.keys.is_dir() { &settings.stores.keys } else { empty.path() };
    over(settings, roots, store(folder)?).map(drop)
}

fn store(folder: &Path) -> Result<KeyStore> {
    KeyStore::open(folder).with_context(|| format!("the key store {} cannot be opened", folder.display()))
}

fn over(settings: &Settings, roots: &TrustRoots, store: KeyStore) -> Result<Option<Arc<dyn KeyProvider>>> {
    let signing = &settings.signing;
    let password = signing.certificate_password.as_ref().map_or_else(Password::none, |p| Password::from(p.expose().to_owned()));
    Ok(match &signing.mode {
        Mode::Null => None,
        Mode::SelfSigned(own) => {
            let key_size = match own.key_bits {
                2048 => KeySize::Bits2048,
                3072 => KeySize::Bits3072,
                _ => KeySize::Bits4096,
            };
            let config = SelfSignedConfig {
                subject: SubjectParts {
                    subject_name: own.subject_name.clone(),
                    organization: own.organization.clone(),
                    organizational_unit: own.organizational_unit.clone(),
                    country: own.country.clone(),
                    server_name: own.server_name.clone(),
                },
                key_size,
                validity_days: own.validity_days,
                certificate_path: own.certificate_path.clone(),
                hash_algorithm: signing.algorithm,
                password,
            };
            Some(Arc::new(SelfSigned::new(config, store)?))
        }
        Mode::StoredCertificate(stored) => {
            let source = match &stored.thumbprint {
                None => Source::File(PathBuf::from(&stored.file_path)),
                Some(thumbprint) => Source::DotnetStore {
                    thumbprint: thumbprint.clone(),
                    store_name: stored.store_name.clone(),
                    store_location: stored.store_location.clone(),
                    stores: dotnet_stores(),
                },
            };
            let config = StoredCertificateConfig { source, password, hash_algorithm: signing.algorithm, known_certificates: known(roots) };
            Some(Arc::new(StoredCertificate::open(config, store, SystemClock.now()).map_err(|e| coded(&e))?))
        }
    })
}

/// The PFX of `countersign sign`. It is read at first use, so that a certificate that cannot sign is a refusal, not a fault of usage.
pub(crate) fn pfx(path: &Path, password: Password, algorithm: HashAlgorithm, roots: &TrustRoots) -> Arc<dyn KeyProvider> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    Arc::new(PfxFile(StoredCertificateConfig {
        source: Source::File(path),
        password,
        hash_algorithm: algorithm,
        known_certificates: known(roots),
    }))
}

/// A PFX file that is opened when it is asked for.
#[derive(Debug)]
struct PfxFile(StoredCertificateConfig);

#[async_trait]
impl KeyProvider for PfxFile {
    async fn current(&self, now: OffsetDateTime) -> Result<Identity, keys::Error> {
        // The path is absolute, so this store is never looked into.
        let nowhere = tempfile::tempdir()
            .map_err(|e| keys::Error::new(keys::ErrorKind::Unavailable, "no temporary folder can be made").because(e))?;
        StoredCertificate::open(self.0.clone(), KeyStore::open(nowhere.path())?, now)?.current(now).await
    }
}

fn known(roots: &TrustRoots) -> Vec<Bytes> {
    roots.code_signing.iter().map(|c| c.der().clone()).collect()
}

/// Where .NET keeps a user's certificate stores on Linux.
fn dotnet_stores() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the composition root reads the environment")]
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
    home.join(".dotnet/corefx/cryptography/x509stores")
}

/// A provider's error with NuGet's number before it.
fn coded(error: &keys::Error) -> anyhow::Error {
    let text = telemetry::chain(error);
    error.nu().map_or_else(|| anyhow!("{text}"), |nu| anyhow!("{nu}: {text}"))
}
