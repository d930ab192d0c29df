//! Signing packages of the shared corpus, judged by NuGet's own code, by OpenSSL and by comparing bytes.
#![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on fails where it stands")]

mod bench;
mod countersign;
#[cfg(feature = "faults")]
mod faults;
mod judged;
mod stamped;
