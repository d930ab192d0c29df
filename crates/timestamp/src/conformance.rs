//! The suite that every implementation passes: the promises of [`Timestamper`](crate::Timestamper), asked from outside.
//! Panics with the promise that is broken.

use crate::Timestamper;
use certificates::Certificate;
use model::HashAlgorithm;
use nuget_signature::timestamp_token;
use std::sync::Arc;
use time::OffsetDateTime;

/// Runs the suite on an implementation that works at `now`.
pub async fn run(timestamper: Arc<dyn Timestamper>, now: OffsetDateTime) {
    for algorithm in HashAlgorithm::ALL {
        check_token(&*timestamper, algorithm, b"a signature value", now).await;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..4_u8 {
        let timestamper = Arc::clone(&timestamper);
        tasks.spawn(async move {
            if n == 3 {
                drop(timestamper.timestamp(&[n; 256], HashAlgorithm::Sha256, now));
            } else {
                check_token(&*timestamper, HashAlgorithm::Sha256, &[n; 256], now).await;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        assert!(ended.is_ok(), "stamping several at once: {ended:?}");
    }
    assert!(timestamper.ready().is_ok(), "one that works is ready");
}

async fn check_token(timestamper: &dyn Timestamper, algorithm: HashAlgorithm, value: &[u8], now: OffsetDateTime) {
    let der = timestamper.timestamp(value, algorithm, now).await.unwrap_or_else(|e| panic!("one that works says: {e}"));
    let token = timestamp_token::parse(der).unwrap_or_else(|e| panic!("the token cannot be read: {e}"));
    assert_eq!(token.imprint_algorithm(), algorithm.oid_octets(), "the imprint's algorithm");
    assert_eq!(token.imprint_digest(), algorithm.digest(value).as_bytes(), "the imprint");
    let certificates: Vec<_> = token.certificates().iter().filter_map(|der| Certificate::parse(der.clone()).ok()).collect();
    assert!(certificates.iter().any(Certificate::is_self_issued), "the token carries its root");
    assert!(token.certificates().contains(token.signer_certificate()), "and its signer's certificate");
}
