//! `nupkg` and `model::package` against NuGet's own code and the corpus.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code fails by panicking")]

mod archive;
mod corpus;
mod mutations;
mod nuspecs;
mod words;
