//! The system's clock, made here and nowhere else.

use model::Clock;
use time::OffsetDateTime;

/// Wall-clock time as the machine has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one system clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}
