//! Signing packages of the shared corpus, judged by NuGet's own code, by OpenSSL and by comparing bytes.

mod bench;
mod countersign;
mod judged;
mod stamped;
