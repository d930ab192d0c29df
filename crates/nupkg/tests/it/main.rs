//! `nupkg` and `model::package` against NuGet's own code and the corpus.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::cast_possible_truncation, reason = "test code fails by panicking")]

mod archive;
mod corpus;
mod craft;
mod edits;
mod mutations;
mod nuspecs;
mod strict;
mod words;
