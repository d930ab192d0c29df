//! The client against `tools/tsa`, an authority of OpenSSL's, with every bad answer that it knows.

mod answers;
mod failover;
