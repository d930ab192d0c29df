//! A private key in this process's memory, used through aws-lc.

use crate::{Error, ErrorKind, SignInput, SigningKey};
use async_trait::async_trait;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding};
use der::Encode as _;
use model::{HashAlgorithm, NuCode};
use spki::SubjectPublicKeyInfoOwned;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// An RSA key pair held by aws-lc. The one copy of the private half; it cannot be had back.
pub(crate) struct LocalKey {
    pair: Arc<KeyPair>,
    public_key: Vec<u8>,
    bits: usize,
}

impl LocalKey {
    /// Reads a PKCS #8 private key: RSA, 2048 to 8192 bits.
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, Error> {
        let pair = KeyPair::from_pkcs8(pkcs8).map_err(|rejected| {
            Error::new(ErrorKind::CertificateInvalid(NuCode(3014)), "the private key is not an RSA key of at least 2048 bits")
                .because(rejected)
        })?;
        Self::new(pair)
    }

    pub(crate) fn new(pair: KeyPair) -> Result<Self, Error> {
        let bits = pair.public_modulus_len() * 8;
        let public_key =
            spki_of(&pair)?.to_der().map_err(|e| Error::new(ErrorKind::Internal, "the public key has no encoding").because(e))?;
        Ok(Self { pair: Arc::new(pair), public_key, bits })
    }

    /// Length of the modulus, to the octet.
    pub(crate) fn bits(&self) -> usize {
        self.bits
    }

    /// The private half, for writing it to the key store again.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        private_half(&self.pair)
    }

    /// Signs at once, on this thread.
    pub(crate) fn sign_now(&self, algorithm: HashAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        sign(&self.pair, algorithm, message)
    }
}

#[async_trait]
impl SigningKey for LocalKey {
    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    async fn sign(&self, input: SignInput<'_>) -> Result<Vec<u8>, Error> {
        input.check()?;
        // An RSA-4096 operation takes milliseconds: not on a thread that serves sockets.
        let (pair, message) = (Arc::clone(&self.pair), input.signed_attributes.to_vec());
        let algorithm = input.digest.algorithm();
        tokio::task::spawn_blocking(move || sign(&pair, algorithm, &message))
            .await
            .map_err(|e| Error::new(ErrorKind::Internal, "the signing thread ended").because(e))?
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalKey(RSA-{})", self.bits)
    }
}

fn sign(pair: &KeyPair, algorithm: HashAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
    let padding: &'static dyn RsaEncoding = match algorithm {
        HashAlgorithm::Sha256 => &RSA_PKCS1_SHA256,
        HashAlgorithm::Sha384 => &RSA_PKCS1_SHA384,
        HashAlgorithm::Sha512 => &RSA_PKCS1_SHA512,
    };
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message, &mut signature)
        .map_err(|e| Error::new(ErrorKind::Internal, "the private-key operation failed").because(e))?;
    Ok(signature)
}

/// PKCS #8, wiped when dropped.
pub(crate) fn private_half(pair: &KeyPair) -> Result<Zeroizing<Vec<u8>>, Error> {
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|e| Error::new(ErrorKind::Internal, "the private key has no encoding").because(e))?;
    Ok(Zeroizing::new(der.as_ref().to_vec()))
}

/// The SubjectPublicKeyInfo with the parameters that X.509 wants for RSA (an explicit NULL).
pub(crate) fn spki_of(pair: &KeyPair) -> Result<SubjectPublicKeyInfoOwned, Error> {
    use aws_lc_rs::signature::KeyPair as _;
    let no_encoding = |e: der::Error| Error::new(ErrorKind::Internal, "the public key has no encoding").because(e);
    Ok(SubjectPublicKeyInfoOwned {
        algorithm: spki::AlgorithmIdentifierOwned { oid: const_oid::db::rfc5912::RSA_ENCRYPTION, parameters: Some(der::asn1::Null.into()) },
        subject_public_key: der::asn1::BitString::from_bytes(pair.public_key().as_ref()).map_err(no_encoding)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rsa::KeySize;

    #[test]
    fn nothing_of_the_key_shows_in_debug() {
        let key = LocalKey::new(KeyPair::generate(KeySize::Rsa2048).unwrap()).unwrap();
        assert_eq!(format!("{key:?}"), "LocalKey(RSA-2048)");
    }

    #[tokio::test]
    async fn a_digest_of_other_bytes_is_refused() {
        let key = LocalKey::new(KeyPair::generate(KeySize::Rsa2048).unwrap()).unwrap();
        let input = SignInput { signed_attributes: b"one", digest: HashAlgorithm::Sha256.digest(b"another") };
        assert_eq!(key.sign(input).await.unwrap_err().kind(), ErrorKind::Refused);
    }
}
