//! When a failed attempt is made again.

use std::time::Duration;

/// What a failure says about trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Trying again would give the same answer.
    Never,
    /// Try again after the usual back-off.
    Backoff,
    /// The other side asked for this delay.
    After(Duration),
}

/// Exponential back-off: `first`, then twice as long each time, never more than `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Delay after the first failure.
    pub first: Duration,
    /// Longest delay.
    pub max: Duration,
}

impl Backoff {
    /// The delay after failure number `attempt` (1 is the first).
    pub fn delay(&self, attempt: u32) -> Duration {
        let doubled = 2_u32.checked_pow(attempt.saturating_sub(1)).and_then(|factor| self.first.checked_mul(factor));
        doubled.map_or(self.max, |d| d.min(self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_limit_and_never_overflows() {
        let backoff = Backoff { first: Duration::from_secs(2), max: Duration::from_secs(60) };
        let seconds: Vec<u64> = [0, 1, 2, 3, 6, 7, u32::MAX].map(|n| backoff.delay(n).as_secs()).into();
        assert_eq!(seconds, [2, 2, 4, 8, 60, 60, 60]);
    }
}
