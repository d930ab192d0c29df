//! Counts key operations: for tests, and for the metric of key use.

use crate::{Error, Identity, KeyProvider, SignInput, SigningKey};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use time::OffsetDateTime;

/// A provider that counts how often its keys were asked, and how often they signed.
#[derive(Debug)]
pub struct Counting {
    inner: Arc<dyn KeyProvider>,
    count: Arc<Count>,
}

/// The counts, shared with whoever reads them.
#[derive(Debug, Default)]
pub struct Count {
    asked: AtomicU64,
    signed: AtomicU64,
}

impl Count {
    /// How often a key was asked to sign.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// How often one did.
    pub fn signed(&self) -> u64 {
        self.signed.load(Ordering::Relaxed)
    }
}

impl Counting {
    /// Counts what `inner`'s keys do.
    pub fn new(inner: Arc<dyn KeyProvider>) -> Self {
        Self { inner, count: Arc::default() }
    }

    /// The counts.
    pub fn count(&self) -> Arc<Count> {
        Arc::clone(&self.count)
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl KeyProvider for Counting {
    async fn current(&self, now: OffsetDateTime) -> Result<Identity, Error> {
        let mut identity = self.inner.current(now).await?;
        identity.key = Arc::new(CountingKey { inner: identity.key, count: Arc::clone(&self.count) });
        Ok(identity)
    }
}

#[derive(Debug)]
struct CountingKey {
    inner: Arc<dyn SigningKey>,
    count: Arc<Count>,
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl SigningKey for CountingKey {
    fn public_key(&self) -> &[u8] {
        self.inner.public_key()
    }

    async fn sign(&self, input: SignInput<'_>) -> Result<Vec<u8>, Error> {
        self.count.asked.fetch_add(1, Ordering::Relaxed);
        let signature = self.inner.sign(input).await?;
        self.count.signed.fetch_add(1, Ordering::Relaxed);
        Ok(signature)
    }
}
