//! An ordered list of authorities as one: the first that is ready and answers well.

use crate::Timestamper;
use crate::error::Error;
use async_trait::async_trait;
use bytes::Bytes;
use model::retry::Retry;
use model::{Code, HashAlgorithm};
use std::sync::Arc;
use time::OffsetDateTime;

/// Several authorities, asked in order; each should have its own [`Breaker`](crate::Breaker), so that one that is down costs
/// its deadline a few times and then nothing.
#[derive(Debug)]
pub struct Failover {
    authorities: Vec<Arc<dyn Timestamper>>,
}

impl Failover {
    /// Asks `authorities` in this order.
    pub fn new(authorities: Vec<Arc<dyn Timestamper>>) -> Self {
        Self { authorities }
    }
}

fn none() -> Error {
    Error::new("none", Code::ConfigurationInvalid, "no authority is configured")
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Timestamper for Failover {
    async fn timestamp(&self, signature_value: &[u8], algorithm: HashAlgorithm, now: OffsetDateTime) -> Result<Bytes, Error> {
        let mut last = None;
        for authority in &self.authorities {
            let answer = match authority.ready() {
                Ok(()) => authority.timestamp(signature_value, algorithm, now).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(token) => return Ok(token),
                Err(error) => {
                    tracing::info!(authority = error.authority(), code = %error.code(), "an authority gave no time stamp: {}", error.reason());
                    last = Some(sooner(last, error));
                }
            }
        }
        Err(last.unwrap_or_else(none))
    }

    fn ready(&self) -> Result<(), Error> {
        let mut last = None;
        for authority in &self.authorities {
            match authority.ready() {
                Ok(()) => return Ok(()),
                Err(error) => last = Some(sooner(last, error)),
            }
        }
        Err(last.unwrap_or_else(none))
    }
}

/// Of two failures the one after which trying again makes sense sooner; the earlier in the list when both are alike.
fn sooner(before: Option<Error>, error: Error) -> Error {
    let rank = |error: &Error| match error.retry() {
        Retry::Backoff => (0, std::time::Duration::ZERO),
        Retry::After(wait) => (1, wait),
        Retry::Never => (2, std::time::Duration::ZERO),
    };
    match before {
        Some(before) if rank(&before) <= rank(&error) => before,
        _ => error,
    }
}
