//! A certificate that an operator got from a certification authority, with its key, in a PFX file.
//!
//! The file may lie anywhere on the local disk (an absolute path), in the key store (a relative one), or in .NET's own
//! certificate store on Linux (by SHA-1 thumbprint). What it must hold: one RSA key and the whole chain up to a root. NuGet's
//! verifier has no other source for intermediates, so a file without them is refused when the process starts, not when the
//! first client fails.
//!
//! Its time is looked at with every question: a certificate that has ended, or ends within five minutes, signs nothing. The
//! file is read again when it changes, so that a renewed certificate needs no restart.

use crate::local_key::LocalKey;
use crate::pfx::Pfx;
use crate::store::{self, KeyPath, KeyStore, Stored, Version};
use crate::{Error, ErrorKind, Identity, KeyProvider, MARGIN, Password, SigningKey};
use async_trait::async_trait;
use bytes::Bytes;
use certificates::chain::{self, ChainStatus, Purpose};
use certificates::{Certificate, profile};
use model::{HashAlgorithm, NuCode};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use time::OffsetDateTime;

/// Where the PFX is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `FilePath`: absolute, a local file; relative, a path in the key store.
    File(PathBuf),
    /// `Thumbprint`, `StoreName` and `StoreLocation`: .NET's store on Linux.
    DotnetStore {
        /// SHA-1 of the certificate, in hexadecimal.
        thumbprint: String,
        /// `My`, `Root`, …
        store_name: String,
        /// `CurrentUser`; `LocalMachine` has no such stores on Linux.
        store_location: String,
        /// The folder of the user's stores (`~/.dotnet/corefx/cryptography/x509stores`).
        stores: PathBuf,
    },
}

/// The section `Signing:StoredCertificate`.
#[derive(Debug, Clone)]
pub struct StoredCertificateConfig {
    /// Where the PFX is.
    pub source: Source,
    /// Its password; may be none.
    pub password: Password,
    /// The digest algorithm of signatures made with it.
    pub hash_algorithm: HashAlgorithm,
    /// Certificates (DER) that may complete the chain: the configured and the machine's roots.
    pub known_certificates: Vec<Bytes>,
}

/// The provider; see the module.
pub struct StoredCertificate {
    inner: Arc<Inner>,
}

struct Inner {
    place: Place,
    config: StoredCertificateConfig,
    known: Vec<Certificate>,
    loaded: Mutex<Option<Loaded>>,
}

enum Place {
    Local(PathBuf),
    Store(KeyStore, KeyPath),
}

#[derive(Clone)]
struct Loaded {
    version: Version,
    chain: Arc<[Certificate]>,
    key: Arc<LocalKey>,
}

impl StoredCertificate {
    /// Reads the file and refuses one that could never sign at `now` or later: no such file, another password, no RSA key of
    /// at least 2048 bits (NU3014), a certificate NuGet does not take (NU3013, NU3015), or one without its chain or not for
    /// code signing (NU3018). A certificate whose time is over, or has not come, is left to [`KeyProvider::current`].
    pub fn open(config: StoredCertificateConfig, store: KeyStore, now: OffsetDateTime) -> Result<Self, Error> {
        let place = match &config.source {
            Source::File(path) if path.is_absolute() => Place::Local(path.clone()),
            Source::File(path) => Place::Store(store, KeyPath::new(path)?),
            Source::DotnetStore { thumbprint, store_name, store_location, stores } => {
                Place::Local(dotnet_path(thumbprint, store_name, store_location, stores)?)
            }
        };
        let known = config.known_certificates.iter().filter_map(|der| Certificate::parse(der.clone()).ok()).collect();
        let inner = Inner { place, config, known, loaded: Mutex::new(None) };
        inner.load(now)?;
        Ok(Self { inner: Arc::new(inner) })
    }
}

#[async_trait]
impl KeyProvider for StoredCertificate {
    async fn current(&self, now: OffsetDateTime) -> Result<Identity, Error> {
        let inner = Arc::clone(&self.inner);
        let loaded = tokio::task::spawn_blocking(move || inner.load(now))
            .await
            .map_err(|e| Error::new(ErrorKind::Internal, "the thread that reads the PFX ended").because(e))??;
        check_times(&loaded.chain, now)?;
        Ok(Identity {
            chain: loaded.chain.iter().map(|c| c.der().clone()).collect(),
            key: loaded.key as Arc<dyn SigningKey>,
            algorithm: self.inner.config.hash_algorithm,
        })
    }
}

impl fmt::Debug for StoredCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredCertificate({})", self.inner.place.describe())
    }
}

impl Place {
    fn describe(&self) -> String {
        match self {
            Self::Local(path) => path.display().to_string(),
            Self::Store(store, path) => store.locate(path).display().to_string(),
        }
    }

    fn version(&self) -> Result<Option<Version>, Error> {
        match self {
            Self::Local(path) => store::version_outside(path),
            Self::Store(store, path) => store.version(path),
        }
    }

    fn read(&self) -> Result<Option<Stored>, Error> {
        match self {
            Self::Local(path) => store::read_outside(path),
            Self::Store(store, path) => store.read(path),
        }
    }
}

impl Inner {
    /// What the file holds, read again only when it has changed.
    fn load(&self, now: OffsetDateTime) -> Result<Loaded, Error> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let version = self.place.version()?;
        match &*loaded {
            Some(before) if Some(before.version) == version => return Ok(before.clone()),
            _ => {}
        }
        let what = self.place.describe();
        let stored = self.place.read()?.ok_or_else(|| Error::new(ErrorKind::Misconfigured, format!("{what} is not there")))?;
        let fresh = self.open_file(&stored, &what, now)?;
        Ok(loaded.insert(fresh).clone())
    }

    fn open_file(&self, stored: &Stored, what: &str, now: OffsetDateTime) -> Result<Loaded, Error> {
        let pfx = Pfx::read(&stored.bytes, &self.config.password).map_err(|unreadable| unreadable.about(what))?;
        let mut certificates = Vec::with_capacity(pfx.certificates.len());
        for der in pfx.certificates {
            let certificate = Certificate::parse(der)
                .map_err(|e| Error::new(ErrorKind::Misconfigured, format!("{what} has a certificate that cannot be read")).because(e))?;
            certificates.push(certificate);
        }
        let Some((leaf, others)) = certificates.split_first() else {
            return Err(Error::new(ErrorKind::Misconfigured, format!("{what} has no certificate")));
        };
        let chain = complete(leaf, others, &self.known, now).map_err(|(nu, why)| invalid(nu, format!("{what}: {why}")))?;
        let key = Arc::new(LocalKey::from_pkcs8(&pfx.private_key)?);
        if leaf.public_key_info() != key.public_key() {
            return Err(Error::new(ErrorKind::Misconfigured, format!("{what}: the certificate is for another key")));
        }
        Ok(Loaded { version: stored.version, chain: chain.into(), key })
    }
}

/// The chain up to a root, or why NuGet would not take it; time is not looked at.
fn complete(
    leaf: &Certificate,
    others: &[Certificate],
    known: &[Certificate],
    now: OffsetDateTime,
) -> Result<Vec<Certificate>, (u16, &'static str)> {
    if let Some(problem) = profile::signing_problems(leaf, now.max(leaf.not_before())).first() {
        return Err((problem.0, profile::reason(*problem)));
    }
    let extra: Vec<Certificate> = others.iter().chain(known).cloned().collect();
    // Whether clients trust the root is theirs to say; here any self-issued certificate ends the chain.
    let roots: Vec<Certificate> = std::iter::once(leaf).chain(&extra).filter(|c| c.is_self_issued()).cloned().collect();
    let chain = chain::build(leaf, &extra, &roots, Purpose::CodeSigning, now);
    match chain.statuses.iter().find(|status| **status != ChainStatus::NotTimeValid) {
        None => Ok(chain.elements),
        Some(ChainStatus::PartialChain) => {
            Err((3018, "the certificate's chain is incomplete; put every intermediate certificate and the root into the PFX"))
        }
        Some(ChainStatus::NotValidForUsage) => Err((3018, "the certificate may not be used for code signing")),
        Some(ChainStatus::NotSignatureValid) => Err((3018, "a certificate of the chain is not signed by the next one")),
        Some(
            ChainStatus::UntrustedRoot
            | ChainStatus::InvalidBasicConstraints
            | ChainStatus::InvalidNameConstraints
            | ChainStatus::HasNotSupportedCriticalExtension
            | ChainStatus::NotTimeValid
            | ChainStatus::Unreadable,
        ) => Err((3018, "a certificate of the chain may not issue the one below it")),
    }
}

/// NuGet's signer refuses an ended certificate anywhere in the chain.
fn check_times(chain: &[Certificate], now: OffsetDateTime) -> Result<(), Error> {
    for (level, certificate) in chain.iter().enumerate() {
        let which = if level == 0 { "the signing certificate".to_owned() } else { format!("{} in its chain", certificate.subject()) };
        // Strict, as a signature's own window is (spec 5.5).
        if certificate.not_before() >= now {
            let context = format!("{which} is not valid before {}", certificate.not_before());
            return Err(Error::new(ErrorKind::CertificateUnusable(NuCode(3017)), context));
        }
        if certificate.not_after() - now < MARGIN {
            let verb = if certificate.not_after() <= now { "ended" } else { "ends" };
            let context = format!("{which} {verb} at {}", certificate.not_after());
            return Err(Error::new(ErrorKind::CertificateUnusable(NuCode(3018)), context));
        }
    }
    Ok(())
}

fn invalid(nu: u16, context: String) -> Error {
    Error::new(ErrorKind::CertificateInvalid(NuCode(nu)), context)
}

/// .NET on Linux keeps `STORES/{store name in lower case}/{THUMBPRINT}.pfx`.
fn dotnet_path(thumbprint: &str, name: &str, location: &str, stores: &Path) -> Result<PathBuf, Error> {
    let wrong = |what: String| Err(Error::new(ErrorKind::Misconfigured, what));
    if !location.eq_ignore_ascii_case("CurrentUser") {
        return wrong(format!("StoreLocation {location}: on Linux only CurrentUser has stores with keys; use FilePath"));
    }
    let digits: String = thumbprint.chars().filter(|c| !c.is_whitespace() && *c != ':').collect::<String>().to_ascii_uppercase();
    if digits.len() != 40 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return wrong(format!("Thumbprint {thumbprint:?} is not a SHA-1 in hexadecimal"));
    }
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return wrong(format!("StoreName {name:?} is not the name of a store"));
    }
    Ok(stores.join(name.to_ascii_lowercase()).join(format!("{digits}.pfx")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotnets_store_is_found_by_thumbprint() {
        let path = |thumbprint: &str, name: &str, location: &str| dotnet_path(thumbprint, name, location, Path::new("/s"));
        let thumbprint = "e5b5120763AF0F10C3C6DF49528CCFCD4C21C3C8";
        assert_eq!(path(thumbprint, "My", "currentuser").unwrap(), Path::new("/s/my/E5B5120763AF0F10C3C6DF49528CCFCD4C21C3C8.pfx"));
        for (thumbprint, name, location) in
            [(thumbprint, "My", "LocalMachine"), ("E5", "My", "CurrentUser"), (thumbprint, "../x", "CurrentUser")]
        {
            assert_eq!(path(thumbprint, name, location).unwrap_err().kind(), ErrorKind::Misconfigured);
        }
    }
}
