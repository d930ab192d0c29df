//! The providers, judged from outside: OpenSSL, NuGet's own signer, and the suite that each passes.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says so")]

mod crash;
mod pfx;
mod self_signed;
