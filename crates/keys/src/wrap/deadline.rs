//! A deadline on every question to a provider and every use of its key.

use crate::{Error, ErrorKind, Identity, KeyProvider, SignInput, SigningKey};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

/// A provider whose answers, and whose keys' answers, come within a time or are `TimedOut`.
#[derive(Debug)]
pub struct Deadline {
    inner: Arc<dyn KeyProvider>,
    current: Duration,
    sign: Duration,
}

impl Deadline {
    /// Gives `current` and `sign` this much time each.
    pub fn new(inner: Arc<dyn KeyProvider>, current: Duration, sign: Duration) -> Self {
        Self { inner, current, sign }
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl KeyProvider for Deadline {
    async fn current(&self, now: OffsetDateTime) -> Result<Identity, Error> {
        let mut identity = within(self.current, "the key provider gave no certificate", self.inner.current(now)).await?;
        identity.key = Arc::new(DeadlineKey { inner: identity.key, limit: self.sign });
        Ok(identity)
    }
}

#[derive(Debug)]
struct DeadlineKey {
    inner: Arc<dyn SigningKey>,
    limit: Duration,
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl SigningKey for DeadlineKey {
    fn public_key(&self) -> &[u8] {
        self.inner.public_key()
    }

    async fn sign(&self, input: SignInput<'_>) -> Result<Vec<u8>, Error> {
        within(self.limit, "the key did not sign", self.inner.sign(input)).await
    }
}

async fn within<T>(limit: Duration, what: &str, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(Error::new(ErrorKind::TimedOut, format!("{what} within {} s", limit.as_secs_f32())).because(elapsed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Silent;

    #[async_trait]
    impl KeyProvider for Silent {
        async fn current(&self, _: OffsetDateTime) -> Result<Identity, Error> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_becomes_a_time_out() {
        let provider = Deadline::new(Arc::new(Silent), Duration::from_secs(5), Duration::from_secs(5));
        let error = provider.current(OffsetDateTime::UNIX_EPOCH).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::TimedOut, "the key provider gave no certificate within 5 s"));
    }
}
