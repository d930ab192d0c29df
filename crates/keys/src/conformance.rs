//! The suite that every provider passes: the promises of [`SigningKey`](crate::SigningKey) and
//! [`KeyProvider`](crate::KeyProvider), asked from outside. Panics with the promise that is broken.

use crate::{ErrorKind, Identity, KeyProvider, SignInput, SigningKey};
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
};
use der::{Decode as _, Encode as _};
use model::HashAlgorithm;
use std::sync::Arc;
use time::OffsetDateTime;
use x509_cert::Certificate;

/// Runs the whole suite on a provider that is able to sign at `now`.
pub async fn run(provider: Arc<dyn KeyProvider>, now: OffsetDateTime) {
    let identity = provider.current(now).await.unwrap_or_else(|e| panic!("a provider that can sign says: {e}"));
    check_chain(&identity, now);
    let again = provider.current(now).await.unwrap_or_else(|e| panic!("asked again, it says: {e}"));
    assert_eq!(again.chain, identity.chain, "the same answer while nothing changes");
    for algorithm in HashAlgorithm::ALL {
        check_signature(&*identity.key, algorithm, b"1\x0babcdefghijk").await;
    }
    check_refusal(&*identity.key).await;
    check_at_once(&identity.key).await;
}

/// The certificate is the key's, its time has come, and each certificate is issued by the next.
fn check_chain(identity: &Identity, now: OffsetDateTime) {
    let chain: Vec<_> = identity
        .chain
        .iter()
        .map(|der| Certificate::from_der(der).unwrap_or_else(|e| panic!("a certificate of the chain cannot be read: {e}")))
        .collect();
    let leaf = &chain.first().unwrap_or_else(|| panic!("the chain is empty")).tbs_certificate;
    let key = leaf.subject_public_key_info.to_der().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(key, identity.key.public_key(), "the key belongs to the first certificate");
    let now = now.unix_timestamp();
    let seconds = |time: &x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    assert!(seconds(&leaf.validity.not_before) < now, "the certificate's time has come");
    assert!(seconds(&leaf.validity.not_after) - now >= crate::MARGIN.whole_seconds(), "and does not end at once");
    for pair in chain.windows(2) {
        assert_eq!(pair[0].tbs_certificate.issuer, pair[1].tbs_certificate.subject, "each certificate is issued by the next");
    }
    let root = &chain[chain.len() - 1].tbs_certificate;
    assert_eq!(root.issuer, root.subject, "the last certificate is a root");
}

async fn check_signature(key: &dyn SigningKey, algorithm: HashAlgorithm, message: &[u8]) {
    let input = SignInput { signed_attributes: message, digest: algorithm.digest(message) };
    let signature = key.sign(input).await.unwrap_or_else(|e| panic!("signing with {}: {e}", algorithm.name()));
    let parameters: &'static RsaParameters = match algorithm {
        HashAlgorithm::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        HashAlgorithm::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        HashAlgorithm::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
    };
    let spki = spki::SubjectPublicKeyInfoRef::from_der(key.public_key()).unwrap_or_else(|e| panic!("the public key cannot be read: {e}"));
    let verified = UnparsedPublicKey::new(parameters, spki.subject_public_key.raw_bytes()).verify(message, &signature);
    assert!(verified.is_ok(), "a {} signature is valid by the public key", algorithm.name());
}

async fn check_refusal(key: &dyn SigningKey) {
    let input = SignInput { signed_attributes: b"one thing", digest: HashAlgorithm::Sha256.digest(b"another") };
    let error = key.sign(input).await.err().unwrap_or_else(|| panic!("a digest of other bytes was signed"));
    assert_eq!(error.kind(), ErrorKind::Refused, "a digest of other bytes is refused");
}

/// Many at once, some of them given up: the others answer.
async fn check_at_once(key: &Arc<dyn SigningKey>) {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8_u8 {
        let key = Arc::clone(key);
        tasks.spawn(async move {
            let message = [n; 40];
            if n % 4 == 3 {
                let digest = HashAlgorithm::Sha256.digest(&message);
                let signing = key.sign(SignInput { signed_attributes: &message, digest });
                drop(signing);
            } else {
                check_signature(&*key, HashAlgorithm::Sha256, &message).await;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        assert!(ended.is_ok(), "signing many at once: {ended:?}");
    }
}
