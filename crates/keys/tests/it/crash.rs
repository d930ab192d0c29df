//! A process that dies between any two writes leaves the old key or the new one, and the next process goes on with it.
//!
//! The dying process is this very test binary, told by an environment variable to be one.

use keys::KeyProvider as _;
use keys::provider::self_signed::{KeySize, SelfSigned, SelfSignedConfig};
use keys::store::KeyStore;
use std::path::Path;
use std::process::Command;
use time::macros::datetime;

const FOLDER: &str = "COUNTERSIGN_TEST_KEY_FOLDER";
const DAYS: &str = "COUNTERSIGN_TEST_VALIDITY";
const POINT: &str = "COUNTERSIGN_TEST_POINT";

async fn current(folder: &Path, validity_days: u32) -> model::Digest {
    let config = SelfSignedConfig { key_size: KeySize::Bits2048, validity_days, ..SelfSignedConfig::default() };
    let provider = SelfSigned::new(config, KeyStore::open(folder).unwrap()).unwrap();
    provider.current(datetime!(2026-11-24 12:00 UTC)).await.unwrap().fingerprint()
}

/// Not a test of its own: what the dying process runs.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "how the test that starts this process tells it what to do")]
async fn dying_process() {
    let (Ok(folder), Ok(days), Ok(point)) = (std::env::var(FOLDER), std::env::var(DAYS), std::env::var(POINT)) else { return };
    keys::failpoint::arm(&point);
    current(Path::new(&folder), days.parse().unwrap()).await;
}

fn die_at(point: &str, folder: &Path, days: u32) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::dying_process"])
        .env(POINT, point)
        .env(FOLDER, folder)
        .env(DAYS, days.to_string())
        .output()
        .unwrap()
        .status;
    assert!(!status.success(), "the process dies at {point}");
}

#[tokio::test]
async fn the_old_generation_or_the_new_one_is_there() {
    for point in keys::failpoint::POINTS {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("certs/repository-signing.pfx");
        die_at(point, folder.path(), 100);
        let written = ["keys.renamed", "keys.durable"].contains(point);
        assert_eq!(file.exists(), written, "{point}");
        let old = current(folder.path(), 100).await;
        let bytes = std::fs::read(&file).unwrap();
        die_at(point, folder.path(), 200);
        assert_eq!(std::fs::read(&file).unwrap() != bytes, written, "{point}");
        let new = current(folder.path(), 200).await;
        assert_ne!(old, new);
        assert_eq!(current(folder.path(), 200).await, new);
    }
}
