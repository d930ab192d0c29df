//! Real roots, and chains of every shape beside NuGet's own opinion of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "test code fails by panicking")]

mod bundles;
mod chains;
