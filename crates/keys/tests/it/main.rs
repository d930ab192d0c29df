//! The providers, judged from outside: OpenSSL, NuGet's own signer, and the suite that each passes.

mod crash;
mod pfx;
mod self_signed;
