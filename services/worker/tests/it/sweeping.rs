//! Blobs that no row names are swept; what is named, or about to be, is not.

use crate::fixture::Feed;
use bytes::Bytes;
use model::HashAlgorithm;
use std::time::Duration;
use storage::StorageKey;

async fn nameless(feed: &Feed, content: &'static [u8]) -> StorageKey {
    let key = StorageKey::Incoming(HashAlgorithm::Sha256.digest(content));
    let mut spooling = feed.store.spool().begin(&[]).unwrap();
    spooling.write(Bytes::from_static(content)).await.unwrap();
    feed.store.adopt(&spooling.finish().await.unwrap(), &key).await.unwrap();
    key
}

async fn until_gone(feed: &Feed, key: &StorageKey) {
    for _ in 0..1200 {
        if feed.store.head(&key.path()).await.unwrap().is_none() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{key} was not swept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_without_a_name_is_swept_unless_somebody_is_about_to_name_it() {
    let Some(mut feed) = Feed::open().await else { return };
    feed.config.sweep_every = Duration::from_millis(10);
    feed.config.orphan_grace = Duration::ZERO;
    let package = testkit::packages(&feed.shared.join("corpus/unsigned")).remove(0);
    let identity = feed.push(&package).await.unwrap().identity;
    let (orphan, arriving) = (nameless(&feed, b"an orphan").await, nameless(&feed, b"found by a push").await);
    let hold = feed.store.hold_to_name(&arriving).await.unwrap();
    let worker = feed.start();
    let signed = feed.signed_file(&identity).await;
    until_gone(&feed, &orphan).await;
    // Made after a sweep had begun, and gone: so a whole sweep has passed by.
    let later = nameless(&feed, b"another orphan").await;
    until_gone(&feed, &later).await;
    assert!(feed.store.head(&arriving.path()).await.unwrap().is_some());
    drop(hold);
    until_gone(&feed, &arriving).await;
    worker.stop().await;
    let view = feed.database.find(&identity).await.unwrap().unwrap();
    assert!(signed.exists() && feed.store.head(&view.package.incoming).await.unwrap().is_some());
}

/// The sweep's list is as old as the sweep: a push that has found the bytes since makes them young again.
#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_was_found_again_is_young() {
    let Some(feed) = Feed::open().await else { return };
    let key = nameless(&feed, b"found again").await;
    let before = feed.store.changed_at(&key.path()).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    nameless(&feed, b"found again").await;
    assert!(feed.store.changed_at(&key.path()).await.unwrap().unwrap() > before);
}
