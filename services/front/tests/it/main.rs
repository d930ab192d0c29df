//! Front over a bound port, a real database and a real store. A test plays the worker itself, so that it can stand between
//! any two of its steps.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "the judge outside goes by the machine's clock")]

mod documents;
mod downloads;
mod feed;
mod grpc;
mod repository_signatures;
mod waiting;
