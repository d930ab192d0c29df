//! Starts and drives the product for the system tests: `countersign serve` as a process, pushes, downloads, the judge's words.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "test code fails by panicking"
)]

mod archive;
mod binary;
mod client;
mod official_client;
mod serve;
mod signature;
mod tls;

pub use archive::{Archive, Entry, manifest, package};
pub use binary::{binary, countersign};
pub use client::Answer;
pub use official_client::OfficialClient;
pub use serve::{Serve, rows, wait_until};
pub use signature::{openssl, signature_file, value_and_tokens};
pub use tls::{TlsFiles, free_port};

use std::path::{Path, PathBuf};

/// Makes a package with NuGet's own builder.
pub fn pack(folder: &Path, id: &str, version: &str, size: u64) -> Option<PathBuf> {
    let out = folder.join(format!("{id}.{version}.nupkg"));
    let done = std::process::Command::new(testkit::shared()?.join("tools/judge"))
        .args(["pack", "--id", id, "--version", version, "--size", &size.to_string(), "--out"])
        .arg(&out)
        .output()
        .expect("the judge starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Some(out)
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}

/// The judge's words for «require mode, and this feed's certificates are trusted although their root is not».
pub fn require(fingerprints: &[String]) -> Vec<String> {
    let mut words = vec!["verify".to_owned(), "--mode".to_owned(), "require".to_owned()];
    for fingerprint in fingerprints {
        words.extend(["--trusted-repository".to_owned(), format!("{fingerprint},untrusted-root")]);
    }
    words
}
