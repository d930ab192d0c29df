//! NuGet's own verdicts beside ours, and the strict profile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "test code fails by panicking")]

mod agreement;
mod corpus;
mod mutated;
mod signer;
mod strict;
