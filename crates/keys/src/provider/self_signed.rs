//! A self-signed certificate that Countersign makes, keeps in the key store and renews.
//!
//! The PFX file in the key store is the truth, and every process that shares the store ends with the same one:
//!
//! * A file that matches the configuration is used as it is.
//! * A new *generation* (key and certificate) is made when there is no file, when the configuration has changed, and when
//!   less than seven days, or a tenth of the validity if that is less, is left.
//! * Making one happens under the store's lock, after looking again: of two processes that start at once one makes it and
//!   the other finds it.
//! * A generation that appeared after a process had started is not replaced by that process for being another than its own
//!   configuration asks for: in a rolling change of configuration the old processes follow the new ones. Only when its time
//!   is over, and nobody renewed it, does any process make the next.
//! * A file that is there and cannot be opened is never overwritten.

mod certificate;
mod subject;

pub use subject::{DEFAULT_COMMON_NAME, SubjectParts};

use crate::local_key::{LocalKey, private_half};
use crate::pfx::{Pfx, Unreadable};
use crate::store::{KeyPath, KeyStore, Lock, Stored, Version};
use crate::{Error, ErrorKind, Identity, KeyProvider, MARGIN, Password, SigningKey};
use async_trait::async_trait;
use aws_lc_rs::rsa::{self, KeyPair};
use bytes::Bytes;
use certificate::Generation;
use model::{Digest, HashAlgorithm, NuCode};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use time::{Duration, OffsetDateTime};
use x509_cert::name::Name;

/// Length of the RSA modulus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeySize {
    /// 2048 bits.
    Bits2048,
    /// 3072 bits.
    Bits3072,
    /// 4096 bits.
    #[default]
    Bits4096,
}

impl KeySize {
    /// Reads `KeySize2048`, `KeySize3072` or `KeySize4096`, ignoring case.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Bits2048, Self::Bits3072, Self::Bits4096]
            .into_iter()
            .find(|size| name.get(..7).is_some_and(|p| p.eq_ignore_ascii_case("KeySize")) && name[7..] == size.bits().to_string())
    }

    /// The number of bits.
    pub fn bits(self) -> usize {
        match self {
            Self::Bits2048 => 2048,
            Self::Bits3072 => 3072,
            Self::Bits4096 => 4096,
        }
    }

    fn aws_lc(self) -> rsa::KeySize {
        match self {
            Self::Bits2048 => rsa::KeySize::Rsa2048,
            Self::Bits3072 => rsa::KeySize::Rsa3072,
            Self::Bits4096 => rsa::KeySize::Rsa4096,
        }
    }
}

/// The section `Signing:SelfSigned`, checked by [`SelfSigned::new`].
#[derive(Debug, Clone)]
pub struct SelfSignedConfig {
    /// Who the certificate names.
    pub subject: SubjectParts,
    /// Length of the key.
    pub key_size: KeySize,
    /// Validity in days, 1 to 3650, counted from when the certificate is made.
    pub validity_days: u32,
    /// Where the PFX is in the key store.
    pub certificate_path: String,
    /// For the certificate's own signature and for the signatures made with it.
    pub hash_algorithm: HashAlgorithm,
    /// The PFX's password; may be none.
    pub password: Password,
}

impl Default for SelfSignedConfig {
    fn default() -> Self {
        Self {
            subject: SubjectParts::default(),
            key_size: KeySize::default(),
            validity_days: VALIDITY_DAYS_MAX,
            certificate_path: "certs/repository-signing.pfx".to_owned(),
            hash_algorithm: HashAlgorithm::Sha256,
            password: Password::none(),
        }
    }
}

/// Longest validity.
pub const VALIDITY_DAYS_MAX: u32 = 3650;
/// A certificate is renewed when less than this is left, or a tenth of its validity if that is less.
const RENEWED_BEFORE: Duration = Duration::days(7);

/// What a new generation is made from.
struct Plan {
    subject: Name,
    key_size: KeySize,
    validity: Duration,
    hash: HashAlgorithm,
}

/// The provider; see the module.
pub struct SelfSigned {
    inner: Arc<Inner>,
}

struct Inner {
    plan: Plan,
    path: KeyPath,
    password: Password,
    store: KeyStore,
    /// SHA-256 of the certificate that was there when this process started.
    at_start: Option<Digest>,
    loaded: Mutex<Option<Loaded>>,
}

/// A generation in memory, and the version of the file it came from.
#[derive(Clone)]
struct Loaded {
    version: Version,
    certificate: Bytes,
    generation: Arc<Generation>,
    key: Arc<LocalKey>,
    /// The file opens with the empty password although one is configured.
    unguarded: bool,
}

impl SelfSigned {
    /// Checks the configuration and looks at what the key store holds now; makes nothing yet.
    pub fn new(config: SelfSignedConfig, store: KeyStore) -> Result<Self, Error> {
        if !(1..=VALIDITY_DAYS_MAX).contains(&config.validity_days) {
            return Err(Error::new(
                ErrorKind::Misconfigured,
                format!("ValidityInDays is {}; it must be from 1 to {VALIDITY_DAYS_MAX}", config.validity_days),
            ));
        }
        let mut inner = Inner {
            plan: Plan {
                subject: config.subject.to_name()?,
                key_size: config.key_size,
                validity: Duration::days(i64::from(config.validity_days)),
                hash: config.hash_algorithm,
            },
            path: KeyPath::new(&config.certificate_path)?,
            password: config.password,
            store,
            at_start: None,
            loaded: Mutex::new(None),
        };
        if let Some(stored) = inner.store.read(&inner.path)? {
            let loaded = inner.open(&stored)?;
            inner.at_start = Some(fingerprint(&loaded));
            *inner.loaded.lock().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
        }
        Ok(Self { inner: Arc::new(inner) })
    }
}

#[async_trait]
impl KeyProvider for SelfSigned {
    async fn current(&self, now: OffsetDateTime) -> Result<Identity, Error> {
        let inner = Arc::clone(&self.inner);
        // Files, and once in years the making of a key: not on a thread that serves sockets.
        let loaded = tokio::task::spawn_blocking(move || inner.current(now))
            .await
            .map_err(|e| Error::new(ErrorKind::Internal, "the thread that reads the key store ended").because(e))??;
        Ok(Identity { chain: vec![loaded.certificate], key: loaded.key as Arc<dyn SigningKey>, algorithm: self.inner.plan.hash })
    }
}

impl fmt::Debug for SelfSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SelfSigned({})", self.inner.store.locate(&self.inner.path).display())
    }
}

impl Inner {
    fn current(&self, now: OffsetDateTime) -> Result<Loaded, Error> {
        if let Some(found) = self.look()?
            && self.verdict(&found, now) == Verdict::Use
        {
            return checked(found, now);
        }
        let lock = self.store.lock(&self.path)?;
        // Another process may have been here while this one waited.
        let found = self.look()?;
        let verdict = found.as_ref().map_or(Verdict::Replace, |f| self.verdict(f, now));
        match (verdict, found) {
            (Verdict::Use, Some(found)) => checked(found, now),
            (Verdict::Encrypt, Some(found)) => self.encrypt_again(&lock, found),
            _ => self.make(&lock, now),
        }
    }

    /// What the store holds, read again only when the file has changed.
    fn look(&self) -> Result<Option<Loaded>, Error> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let version = self.store.version(&self.path)?;
        if version.is_none() || loaded.as_ref().map(|l| l.version) != version {
            *loaded = match self.store.read(&self.path)? {
                Some(stored) => Some(self.open(&stored)?),
                None => None,
            };
        }
        Ok(loaded.clone())
    }

    fn open(&self, stored: &Stored) -> Result<Loaded, Error> {
        let what = self.store.locate(&self.path).display().to_string();
        let (pfx, unguarded) = match Pfx::read(&stored.bytes, &self.password) {
            Ok(pfx) => (pfx, false),
            // Written before a password was configured.
            Err(Unreadable::WrongPassword) if !self.password.is_empty() => match Pfx::read(&stored.bytes, &Password::none()) {
                Ok(pfx) => (pfx, true),
                Err(_) => return Err(Unreadable::WrongPassword.about(&what)),
            },
            Err(unreadable) => return Err(unreadable.about(&what)),
        };
        let certificate = pfx.certificates.first().cloned().unwrap_or_default();
        let generation = Arc::new(Generation::read(&certificate)?);
        let key = Arc::new(LocalKey::from_pkcs8(&pfx.private_key)?);
        if !generation.has_key(key.public_key()) {
            return Err(Error::new(ErrorKind::Misconfigured, format!("{what}: the certificate is for another key")));
        }
        Ok(Loaded { version: stored.version, certificate, generation, key, unguarded })
    }

    fn verdict(&self, found: &Loaded, now: OffsetDateTime) -> Verdict {
        let left = found.generation.not_after() - now;
        let renewed_before = RENEWED_BEFORE.min(self.plan.validity / 10);
        let matches = found.generation.matches(&self.plan) && found.key.bits() == self.plan.key_size.bits();
        let appeared_later = self.at_start != Some(fingerprint(found));
        if left < MARGIN || (matches && left < renewed_before) || (!matches && !appeared_later) {
            Verdict::Replace
        } else if found.unguarded {
            Verdict::Encrypt
        } else {
            Verdict::Use
        }
    }

    /// Makes the next generation. The caller holds the lock and has looked.
    fn make(&self, lock: &Lock, now: OffsetDateTime) -> Result<Loaded, Error> {
        let failed = |e: aws_lc_rs::error::Unspecified| Error::new(ErrorKind::Internal, "cannot make an RSA key").because(e);
        let pair = KeyPair::generate(self.plan.key_size.aws_lc()).map_err(failed)?;
        let pkcs8 = private_half(&pair)?;
        let certificate = certificate::make(&self.plan, pair, now)?;
        let loaded = self.write(lock, &pkcs8, certificate)?;
        tracing::info!(
            fingerprint = fingerprint(&loaded).to_hex_upper(),
            path = %self.store.locate(&self.path).display(),
            not_after = %loaded.generation.not_after(),
            "made a self-signed certificate"
        );
        checked(loaded, now)
    }

    fn encrypt_again(&self, lock: &Lock, found: Loaded) -> Result<Loaded, Error> {
        let loaded = self.write(lock, &found.key.to_pkcs8()?, found.certificate)?;
        tracing::info!(path = %self.store.locate(&self.path).display(), "put the signing key under the configured password");
        Ok(loaded)
    }

    fn write(&self, lock: &Lock, pkcs8: &[u8], certificate: Bytes) -> Result<Loaded, Error> {
        let pfx = Pfx::write(pkcs8, &[certificate], "countersign", &self.password)?;
        self.store.replace(lock, &pfx)?;
        // Read back what was written: what cannot be opened again must not be signed with.
        self.look()?.ok_or_else(|| Error::new(ErrorKind::Unavailable, "the key file that was just written is gone"))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It signs.
    Use,
    /// It signs once it is under the password.
    Encrypt,
    /// The next generation takes its place.
    Replace,
}

fn fingerprint(loaded: &Loaded) -> Digest {
    HashAlgorithm::Sha256.digest(&loaded.certificate)
}

/// A certificate of ours begins a day back, so one that has not begun says that the clock is wrong: making another would
/// only follow the clock.
fn checked(loaded: Loaded, now: OffsetDateTime) -> Result<Loaded, Error> {
    if loaded.generation.not_before() < now {
        Ok(loaded)
    } else {
        Err(Error::new(
            ErrorKind::CertificateUnusable(NuCode(3017)),
            format!("the certificate begins at {}, and the clock says {now}", loaded.generation.not_before()),
        ))
    }
}

#[cfg(test)]
mod tests;
