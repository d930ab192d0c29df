//! Integration tests: what we read against what NuGet's own code reads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    clippy::disallowed_methods,
    reason = "test code fails by panicking"
)]

mod reading;
