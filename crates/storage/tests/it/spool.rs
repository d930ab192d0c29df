//! Counting, hashing, limits, and leaving nothing behind.

use crate::{Place, config, content};
use bytes::Bytes;
use model::{Code, HashAlgorithm};
use storage::BlobStore;

#[tokio::test]
async fn an_upload_in_any_pieces_is_on_disk_with_its_digests() {
    let place = Place::new().await;
    for (len, piece) in [(1, 1), (1000, 7), (256 * 1024, 256 * 1024), (256 * 1024 + 1, 60_000), (3_000_000, 1_000_000)] {
        let whole = content(len);
        let mut spooling = place.store.spool().begin(&[HashAlgorithm::Sha512]).unwrap();
        for part in whole.chunks(piece) {
            spooling.write(Bytes::copy_from_slice(part)).await.unwrap();
        }
        let spooled = spooling.finish().await.unwrap();
        assert_eq!(spooled.size(), len as u64);
        assert_eq!(spooled.digests().sha256(), HashAlgorithm::Sha256.digest(&whole));
        assert_eq!(spooled.digests().by(HashAlgorithm::Sha512), Some(HashAlgorithm::Sha512.digest(&whole)));
        assert_eq!(spooled.digests().by(HashAlgorithm::Sha384), None);
        assert!(std::fs::read(spooled.path()).unwrap() == whole);
        assert_eq!(place.store.spool().used_bytes(), len as u64);
        drop(spooled);
        assert_eq!((place.store.spool().used_bytes(), place.on_the_spool().len()), (0, 0));
    }
}

#[tokio::test]
async fn a_package_at_the_limit_is_taken_and_one_byte_more_is_not() {
    let place = Place::with(|spool| spool.max_package_bytes = 300_000).await;
    assert_eq!(place.spooled(&content(300_000)).await.size(), 300_000);
    let mut spooling = place.store.spool().begin(&[]).unwrap();
    spooling.write(content(300_000).into()).await.unwrap();
    let refused = spooling.write(Bytes::from_static(b"x")).await.unwrap_err();
    assert_eq!(refused.code(), Code::PackageTooLarge);
    assert_eq!(refused.to_refusal().reason, "the package has more than 300000 bytes");
    drop(spooling);
    assert_eq!(place.store.spool().used_bytes(), 0);
}

#[tokio::test]
async fn all_uploads_together_stay_within_the_spool() {
    let place = Place::with(|spool| spool.max_total_bytes = 1000).await;
    let first = place.spooled(&content(600)).await;
    let mut second = place.store.spool().begin(&[]).unwrap();
    second.write(content(400).into()).await.unwrap();
    assert_eq!(second.write(Bytes::from_static(b"x")).await.unwrap_err().code(), Code::SpoolFull);
    drop(first);
    second.write(Bytes::from_static(b"x")).await.unwrap();
}

#[tokio::test]
async fn one_push_more_than_the_limit_is_told_to_come_back() {
    let place = Place::with(|spool| spool.max_uploads = 2).await;
    let spool = place.store.spool();
    let held = (spool.begin(&[]).unwrap(), place.spooled(b"x").await);
    assert_eq!(spool.begin(&[]).unwrap_err().code(), Code::TooManyPushes);
    drop(held.1);
    spool.begin(&[]).unwrap();
}

#[tokio::test]
async fn an_upload_dropped_midway_leaves_nothing() {
    let place = Place::new().await;
    let mut spooling = place.store.spool().begin(&[]).unwrap();
    for _ in 0..4 {
        spooling.write(content(300_000).into()).await.unwrap();
    }
    assert_eq!(place.on_the_spool().len(), 1);
    drop(spooling);
    assert_eq!(place.store.spool().used_bytes(), 0);
    // The batch in flight removes the file when it is through.
    for _ in 0..10_000 {
        if place.on_the_spool().is_empty() {
            return;
        }
        tokio::task::yield_now().await;
        std::thread::yield_now();
    }
    panic!("still there: {:?}", place.on_the_spool());
}

#[tokio::test]
async fn a_second_process_leaves_the_first_ones_uploads_alone() {
    let place = Place::new().await;
    let spooled = place.spooled(b"mine").await;
    let other = BlobStore::open(config(place.folder.path(), |_| {})).await.unwrap();
    assert_eq!(std::fs::read(spooled.path()).unwrap(), b"mine");
    drop(other);
    assert_eq!(std::fs::read(spooled.path()).unwrap(), b"mine");
}
