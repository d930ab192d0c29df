//! Leaves an authority alone for a while after it has failed.
//!
//! ```text
//! closed ──N failures in a row, or one that says how long to wait──► open ──time is up──► half-open ──success──► closed
//!                                                                     ▲                       │
//!                                                                     └──────failure, longer──┘
//! ```
//!
//! While open, [`ready`](crate::Timestamper::ready) says so, and a worker uses no key for a signature that could not be
//! finished. Half-open, one request at a time finds out.

use crate::Timestamper;
use crate::error::Error;
use async_trait::async_trait;
use bytes::Bytes;
use model::{Code, HashAlgorithm, NuCode};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::Instant;

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerConfig {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open the first time.
    pub open_first: Duration,
    /// How long it stays open at most, doubling with every probe that fails.
    pub open_max: Duration,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self { failures: 3, open_first: Duration::from_secs(5), open_max: Duration::from_secs(60) }
    }
}

/// A [`Timestamper`] with a circuit breaker.
#[derive(Debug)]
pub struct Breaker {
    inner: Arc<dyn Timestamper>,
    config: BreakerConfig,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In a row.
    failures: u32,
    /// Times it opened since it last worked.
    opened: u32,
    last: Option<LastFailure>,
    /// No request before this moment; passed and still set, it is half-open.
    closed_until: Option<Instant>,
    probing: bool,
}

#[derive(Debug, Clone)]
struct LastFailure {
    authority: String,
    code: Code,
    nu: Option<NuCode>,
    reason: String,
}

/// How long a caller is told to wait for somebody else's probe.
const PROBE_WAIT: Duration = Duration::from_secs(2);

impl Breaker {
    /// Puts a breaker before `inner`.
    pub fn new(inner: Arc<dyn Timestamper>, config: BreakerConfig) -> Self {
        Self { inner, config, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: &Error) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        state.last = Some(LastFailure {
            authority: error.authority().to_owned(),
            code: error.code(),
            nu: error.nu(),
            reason: error.reason().to_owned(),
        });
        let asked = match error.retry() {
            model::retry::Retry::After(wait) => Some(wait),
            _ => None,
        };
        if state.failures >= self.config.failures || state.closed_until.is_some() || asked.is_some() {
            state.opened = state.opened.saturating_add(1);
            let backoff = model::retry::Backoff { first: self.config.open_first, max: self.config.open_max };
            let wait = asked.unwrap_or_else(|| backoff.delay(state.opened));
            let until = Instant::now() + wait;
            state.closed_until = Some(state.closed_until.map_or(until, |before| before.max(until)));
        }
    }
}

impl State {
    /// Whether a request may go out now.
    fn allows(&self) -> Result<(), Error> {
        let Some(until) = self.closed_until else { return Ok(()) };
        let left = until.saturating_duration_since(Instant::now());
        let wait = match (left.is_zero(), self.probing) {
            (true, false) => return Ok(()),
            (true, true) => PROBE_WAIT,
            (false, _) => left,
        };
        // Open only after a failure, so there always is a last one.
        let last = self.last.clone().unwrap_or_else(|| LastFailure {
            authority: String::new(),
            code: Code::TimestampUnreachable,
            nu: None,
            reason: String::new(),
        });
        let reason = format!("not asked again yet, after: {}", last.reason);
        Err(Error::new(&last.authority, last.code, reason).with_nu(last.nu).after(Some(wait)))
    }
}

/// Ends a probe, also when the caller gives up.
struct Probe<'a>(&'a Breaker);

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        self.0.state().probing = false;
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Timestamper for Breaker {
    async fn timestamp(&self, signature_value: &[u8], algorithm: HashAlgorithm, now: OffsetDateTime) -> Result<Bytes, Error> {
        let probe = {
            let mut state = self.state();
            state.allows()?;
            state.closed_until.is_some().then(|| {
                state.probing = true;
                Probe(self)
            })
        };
        let answer = self.inner.timestamp(signature_value, algorithm, now).await;
        match &answer {
            Ok(_) => {
                let mut state = self.state();
                *state = State { probing: state.probing, ..State::default() };
            }
            Err(error) => self.failed(error),
        }
        drop(probe);
        answer
    }

    fn ready(&self) -> Result<(), Error> {
        self.state().allows()?;
        self.inner.ready()
    }
}

#[cfg(test)]
mod tests;
