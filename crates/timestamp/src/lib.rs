//! Time stamps (RFC 3161) from an authority over HTTP.
//!
//! * [`Timestamper`] is the trait, with its promises.
//! * [`HttpTimestamper`] asks one authority and believes nothing of the answer: every check of spec 5.3 is made here,
//!   and each thing that can be wrong has its own code and reason.
//! * [`Breaker`] leaves an authority alone for a while after it has failed, and says so *before* a key is used.
//! * [`Failover`] is an ordered list of authorities as one.
//! * `conformance` (feature `conformance`) is the suite that every implementation passes.
//!
//! ```text
//! ready? ─► request (32 random octets) ─► POST ─► status, imprint, nonce ─► token: signature, signer, time ─► chain ─► token with its chain
//! ```
//!
//! Invariants: no redirect is followed and no ambient proxy used; every answer is limited in time and bytes; a token that is
//! handed out verifies against the given roots, carries its whole chain, and its own bytes are what the authority sent.

pub mod breaker;
mod check;
pub mod error;
pub mod failover;
pub mod http;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use breaker::{Breaker, BreakerConfig};
pub use error::Error;
pub use failover::Failover;
pub use http::{HttpConfig, HttpTimestamper};

use async_trait::async_trait;
use bytes::Bytes;
use model::HashAlgorithm;
use std::fmt;
use time::OffsetDateTime;

/// Something that stamps signature values.
///
/// Promises of every implementation:
///
/// * A token that comes back is over exactly `signature_value` by `algorithm`, was checked in full against the roots that the
///   implementation was made with, and carries the certificates of its chain, the root's included.
/// * Every answer comes within the implementation's own limits of time and size.
/// * Calls may be made at the same time; dropping the future gives the answer up and nothing else.
/// * Nothing is retried inside (a list of authorities asks each at most once).
#[async_trait]
pub trait Timestamper: Send + Sync + fmt::Debug {
    /// A token over `signature_value`; `now` is the moment at which certificates must be valid.
    async fn timestamp(&self, signature_value: &[u8], algorithm: HashAlgorithm, now: OffsetDateTime) -> Result<Bytes, Error>;

    /// Whether asking now makes sense. Cheap, sends nothing; to be asked before a key is used for a signature that needs a
    /// stamp. The error is the last failure, with how long to wait.
    fn ready(&self) -> Result<(), Error>;
}
