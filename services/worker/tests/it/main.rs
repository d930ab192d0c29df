//! The worker on real stores, with real packages: what it publishes is judged by NuGet, key uses are counted at the key, time
//! stamps at the authority.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says so")]

mod crash;
mod credentials;
mod fixture;
mod packages;
mod stopping;
mod sweeping;
mod time_stamps;
