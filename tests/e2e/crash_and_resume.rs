//! Whatever a crash leaves is finished once after a restart.
//!
//! * [`scenarios`] has at least one story for every named fail point: the process dies there, and what the next life makes of it is
//!   looked at from all sides ([`kept`]).
//! * [`killed_under_load`] needs no fail point: `kill -9` at any moment while packages come in.
//! * [`write_sites`] holds the list of fail points against the source: no write without one.

mod kept;
mod killed_under_load;
mod scenarios;
mod story;
mod write_sites;
