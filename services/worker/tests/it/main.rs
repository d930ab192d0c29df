//! The worker on real stores, with real packages: what it publishes is judged by NuGet, key uses are counted at the key, time
//! stamps at the authority.

mod crash;
mod credentials;
mod fixture;
mod packages;
mod stopping;
mod time_stamps;
