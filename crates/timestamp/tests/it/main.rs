//! The client against `tools/tsa`, an authority of OpenSSL's, with every bad answer that it knows.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says so")]

mod answers;
mod failover;
