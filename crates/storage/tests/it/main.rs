//! The store and its spool on a real folder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    reason = "test code fails by panicking"
)]

mod blobs;
#[cfg(feature = "failpoints")]
mod crashes;
mod spool;

use bytes::Bytes;
use storage::{BlobStore, SpoolConfig, Spooled, StorageConfig};

/// A store in a folder of its own.
struct Place {
    folder: tempfile::TempDir,
    store: BlobStore,
}

impl Place {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut SpoolConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(config(folder.path(), change)).await.unwrap();
        Self { folder, store }
    }

    async fn spooled(&self, content: &[u8]) -> Spooled {
        let mut spooling = self.store.spool().begin(&[]).unwrap();
        spooling.write(Bytes::copy_from_slice(content)).await.unwrap();
        spooling.finish().await.unwrap()
    }

    /// Every file on the spool but the locks.
    fn on_the_spool(&self) -> Vec<String> {
        let folders = std::fs::read_dir(self.folder.path().join("spool")).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir());
        let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()));
        files.filter(|name| name != "lock").collect()
    }
}

fn config(folder: &std::path::Path, change: impl FnOnce(&mut SpoolConfig)) -> StorageConfig {
    let mut spool = SpoolConfig { folder: folder.join("spool"), max_package_bytes: 10 << 20, max_total_bytes: 20 << 20, max_uploads: 8 };
    change(&mut spool);
    StorageConfig { path: folder.join("blobs"), spool }
}

/// Bytes that do not repeat soon.
fn content(len: usize) -> Vec<u8> {
    (0..len as u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}
