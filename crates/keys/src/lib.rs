//! Signing keys: what the rest of Countersign may ask of a private key, and the providers that hold one.
//!
//! A key does one thing: it signs the bytes it is handed. Nothing here exports, lists or imports keys for a caller, and
//! nothing here knows what a NuGet signature is.
//!
//! * [`SigningKey`] and [`KeyProvider`] are the two traits, with their promises.
//! * [`provider`] has the implementations: a self-signed certificate that is made and renewed by itself, and a stored
//!   certificate (a PFX file).
//! * [`wrap`] adds behaviours (a deadline, a count) around any of them.
//! * `conformance` (feature `conformance`) is the suite that every provider passes.
//!
//! Invariants:
//!
//! * Private-key operations are aws-lc's, in constant time, off the async runtime's threads.
//! * No type that holds key material has a `Debug` or `Display` that shows it; the buffers that this crate makes for key
//!   material are wiped when dropped.
//! * A provider hands out only what NuGet's signer would take: an RSA key of at least 2048 bits that belongs to the
//!   certificate, under a complete chain.

pub mod error;
pub mod failpoint;
mod local_key;
pub mod password;
mod pfx;
pub mod provider;
pub mod store;
pub mod wrap;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use error::{Error, ErrorKind};
pub use password::Password;

use async_trait::async_trait;
use bytes::Bytes;
use model::{Digest, HashAlgorithm};
use std::fmt;
use std::sync::Arc;
use time::OffsetDateTime;

/// What a key is asked to sign: the DER of the signed attributes (a `SET OF`, tag 0x31) and their digest.
///
/// Some key services want the message, most want the digest; both are here, and must belong together.
#[derive(Debug, Clone, Copy)]
pub struct SignInput<'a> {
    /// The bytes under the signature.
    pub signed_attributes: &'a [u8],
    /// Their digest; its algorithm is the one of the signature.
    pub digest: Digest,
}

impl SignInput<'_> {
    /// Refuses an input whose digest is not the digest of its bytes.
    pub fn check(&self) -> Result<(), Error> {
        if self.digest.algorithm().digest(self.signed_attributes) == self.digest {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::Refused, "the digest to sign is not the digest of the signed attributes"))
        }
    }
}

/// A private key that signs what it is handed: RSA, PKCS #1 v1.5, with the digest algorithm of the input.
///
/// Promises of every implementation:
///
/// * The answer is a valid signature by [`public_key`](Self::public_key) over the input, exactly as long as the modulus,
///   or an error. The digest and the bytes must belong together; a mismatch is `Refused`.
/// * Calls may be made at the same time from any number of tasks.
/// * Dropping the future gives up waiting. The key *may have been used* all the same; so it is after a `TimedOut`.
/// * Errors are `Refused` (asking again gives the same), `Unavailable` and `TimedOut` (ask again later), `Misconfigured`
///   (an operator must act) and `Internal`. Nothing is retried inside.
/// * Nothing in the answer, the errors or the log reveals key material.
#[async_trait]
pub trait SigningKey: Send + Sync + fmt::Debug {
    /// The public half: a SubjectPublicKeyInfo in DER.
    fn public_key(&self) -> &[u8];

    /// Signs `input`.
    async fn sign(&self, input: SignInput<'_>) -> Result<Vec<u8>, Error>;
}

/// Where the certificate and key that sign now come from.
///
/// Promises of every implementation:
///
/// * [`current`](Self::current) answers with a certificate whose time has come, that does not end within
///   [`MARGIN`], with its whole chain, and with the key that belongs to it; or with an error: `CertificateUnusable` when
///   only time is the matter.
/// * It is cheap when nothing has changed, and may be asked before every batch of work.
/// * Calls may be made at the same time; dropping the future loses nothing.
#[async_trait]
pub trait KeyProvider: Send + Sync + fmt::Debug {
    /// The identity that signs at `now`.
    async fn current(&self, now: OffsetDateTime) -> Result<Identity, Error>;
}

/// A certificate that ends within this time is no longer signed with.
pub const MARGIN: time::Duration = time::Duration::minutes(5);

/// Who signs: a chain, the key of its first certificate, and the digest algorithm to sign with.
#[derive(Clone)]
pub struct Identity {
    /// Certificates in DER: the signer's first, the root last.
    pub chain: Vec<Bytes>,
    /// The key of the first certificate.
    pub key: Arc<dyn SigningKey>,
    /// The digest algorithm that is configured for signatures by this key.
    pub algorithm: HashAlgorithm,
}

impl Identity {
    /// The signer's certificate.
    pub fn leaf(&self) -> &Bytes {
        static NONE: Bytes = Bytes::new();
        self.chain.first().unwrap_or(&NONE)
    }

    /// SHA-256 of the signer's certificate.
    pub fn fingerprint(&self) -> Digest {
        HashAlgorithm::Sha256.digest(self.leaf())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("fingerprint", &self.fingerprint().to_hex_upper())
            .field("chain", &self.chain.len())
            .field("algorithm", &self.algorithm.name())
            .finish_non_exhaustive()
    }
}

/// Makes the process's random generator ready, which takes a moment the first time: call it at start, so that the first
/// push does not pay for it.
pub async fn warm_up() {
    let warmed = tokio::task::spawn_blocking(|| {
        let mut octets = [0_u8; 32];
        aws_lc_rs::rand::fill(&mut octets)
    })
    .await;
    if !matches!(warmed, Ok(Ok(()))) {
        tracing::warn!("the random generator did not answer while warming up");
    }
}
