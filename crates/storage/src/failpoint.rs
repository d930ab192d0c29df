//! Named points around every write, where a test can stop the process or make the write fail.
//!
//! Without the cargo feature `failpoints` a point is nothing. Points are armed by the composition root or by a test; this module reads no
//! environment.

use std::io;

/// Every point of this crate, in the order in which a push and a write-back pass them.
pub const POINTS: &[&str] = &[
    "storage.open.probed",
    "storage.spool.made",
    "storage.spool.written",
    "storage.adopt.synced",
    "storage.adopt.replaced",
    "storage.adopt.touched",
    "storage.adopt.linked",
    "storage.adopt.durable",
    "storage.write_back.made",
    "storage.write_back.copied",
    "storage.write_back.folder_made",
    "storage.write_back.linked",
    "storage.write_back.durable",
    "storage.delete.before",
    "storage.delete.done",
];

/// What happens at an armed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The process ends at once, as by `kill -9`.
    Abort,
    /// The step fails as if the disk had.
    Fail,
    /// Whoever comes there waits until the point is armed otherwise, for tests of what others do meanwhile.
    Wait,
}

#[cfg(feature = "failpoints")]
mod armed {
    use super::Action;
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex, PoisonError};

    static ARMED: LazyLock<Mutex<HashMap<String, Action>>> = LazyLock::new(Mutex::default);

    pub(super) fn set(name: &str, action: Option<Action>) {
        let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
        match action {
            Some(action) => armed.insert(name.to_owned(), action),
            None => armed.remove(name),
        };
    }

    pub(super) static WAITING: LazyLock<Mutex<HashMap<&'static str, usize>>> = LazyLock::new(Mutex::default);

    /// Waits as long as the point is armed to.
    pub(super) fn wait(name: &'static str) {
        let count = |by: isize| {
            let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = waiting.entry(name).or_default();
            *entry = entry.saturating_add_signed(by);
        };
        count(1);
        while at(name) == Some(Action::Wait) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        count(-1);
    }

    pub(super) fn at(name: &str) -> Option<Action> {
        ARMED.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }
}

/// Arms the point `name` (any crate's), or disarms it with `None`.
#[cfg(feature = "failpoints")]
pub fn arm(name: &str, action: Option<Action>) {
    armed::set(name, action);
}

/// How many wait at the point `name` now.
#[cfg(feature = "failpoints")]
pub fn waiting(name: &str) -> usize {
    let waiting = armed::WAITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    waiting.get(name).copied().unwrap_or_default()
}

/// Passes the point `name`.
///
/// # Errors
/// When the point is armed with [`Action::Fail`].
#[cfg(feature = "failpoints")]
pub fn reach(name: &'static str) -> io::Result<()> {
    match armed::at(name) {
        None => Ok(()),
        Some(Action::Wait) => {
            armed::wait(name);
            Ok(())
        }
        Some(Action::Fail) => Err(io::Error::other(format!("fail point {name}"))),
        Some(Action::Abort) => {
            // Whoever armed it can read that it was this point, and not another end.
            tracing::warn!("the process ends at the fail point {name}");
            std::process::abort()
        }
    }
}

/// Passes the point `name`: nothing, in this build.
///
/// # Errors
/// Never, in this build.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn reach(_name: &'static str) -> io::Result<()> {
    Ok(())
}
