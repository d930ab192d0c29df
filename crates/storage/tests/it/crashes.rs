//! The process ends at every named point of a write. What is there afterwards is whole, and the same again ends as if nothing had been.

use crate::{Place, config, content};
use bytes::Bytes;
use model::{HashAlgorithm, Splice};
use std::path::Path;
use std::process::Command;
use storage::failpoint::{Action, POINTS, arm};
use storage::{BlobStore, Error, Spooled, StorageKey};

const FOLDER: &str = "STORAGE_CRASH_FOLDER";
const POINT: &str = "STORAGE_CRASH_POINT";

/// An upload, its blob, a signed blob made of it, and its end.
async fn everything(folder: &Path) -> Result<(), Error> {
    let (incoming, signed, splice) = names();
    let store = BlobStore::open(config(folder, |_| {})).await?;
    let spooled = again(&store).await?;
    store.adopt(&spooled, &incoming).await?;
    // The same bytes again; then a blob that is not what its name says.
    store.adopt(&spooled, &incoming).await?;
    std::fs::write(config(folder, |_| {}).path.join(incoming.path()), b"rotten").unwrap();
    let pin = store.adopt(&again(&store).await?, &incoming).await?.pin;
    store.write_back(&incoming.path(), &pin, &splice, &signed).await?;
    store.delete(&signed.path()).await?;
    Ok(())
}

async fn again(store: &BlobStore) -> Result<Spooled, Error> {
    let mut spooling = store.spool().begin(&[])?;
    spooling.write(Bytes::from(content(500_000))).await?;
    spooling.finish().await
}

fn names() -> (StorageKey, StorageKey, Splice) {
    let digest = HashAlgorithm::Sha256.digest(&content(500_000));
    let mut splice = Splice::whole(500_000);
    splice.push_literal(&b"signature"[..]);
    (StorageKey::Incoming(digest), StorageKey::Signed { unsigned_sha256: digest, p7s_sha256: digest }, splice)
}

/// Not a test of its own: what the other runs in a process that is to die.
#[tokio::test]
async fn child() {
    let (Ok(folder), Ok(point)) = (std::env::var(FOLDER), std::env::var(POINT)) else { return };
    arm(&point, Some(Action::Abort));
    everything(folder.as_ref()).await.unwrap();
}

#[tokio::test]
async fn a_write_killed_at_any_point_leaves_whole_blobs_and_no_spooled_file() {
    for point in POINTS {
        let folder = tempfile::tempdir().unwrap();
        let died = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crashes::child", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(POINT, point)
            .output()
            .unwrap();
        assert!(!died.status.success(), "{point} was not passed: {}", String::from_utf8_lossy(&died.stdout));

        let store = BlobStore::open(config(folder.path(), |_| {})).await.unwrap();
        let place = Place { folder, store };
        assert_eq!(place.on_the_spool(), Vec::<String>::new(), "{point}");
        let (incoming, signed, splice) = names();
        let digest = HashAlgorithm::Sha256.digest(&content(500_000));
        if place.store.head(&incoming.path()).await.unwrap().is_some() {
            assert_eq!(place.store.hash(&incoming.path(), None, &[]).await.unwrap().1.sha256(), digest, "{point}");
        }
        if let Some(written) = place.store.head(&signed.path()).await.unwrap() {
            assert_eq!(written.size, splice.len(), "{point}");
        }
        everything(place.folder.path()).await.unwrap();
        assert_eq!(place.store.head(&signed.path()).await.unwrap(), None, "{point}");
    }
}
