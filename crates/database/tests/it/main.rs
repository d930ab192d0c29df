//! Tests on a real SQLite file.
#![expect(clippy::expect_used, reason = "a test fails by panicking, its fixtures too")]

mod audit;
mod certificates;
mod fixture;
mod job_queue;
mod leases;
mod migrating;
mod packages;
mod signatures;
mod states;
mod waiting;
