//! What tests share: where the shared material is, NuGet's own code as a judge, a time-stamping authority that can be told
//! to misbehave. Dev-only; nothing depends on it outside tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "test code fails by panicking")]

mod judge;
mod shared;
mod tsa;

pub use judge::{Judge, judge};
pub use shared::{packages, require_all, shared, workspace_root};
pub use tsa::Tsa;
