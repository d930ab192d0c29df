//! Pushes at once.

use crate::{Feed, all, package};
use futures::future::join_all;
use model::Code;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_bytes_many_times_at_once_are_recorded_once() {
    let feed = Feed::new().await;
    let bytes = package("A", "1.0.0", &[3; 300_000]);
    let receipts = join_all((0..20).map(|_| feed.push(&bytes))).await;
    assert_eq!(receipts.iter().filter(|receipt| receipt.as_ref().unwrap().new).count(), 1);
    assert_eq!(feed.blobs().await.len(), 1);
    assert_eq!(feed.database.packages(&all()).await.unwrap().len(), 1);
    feed.assert_spool_empty();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_packages_under_one_identity_one_is_recorded_and_no_other_leaves_a_blob() {
    let feed = Feed::new().await;
    let packages: Vec<_> = (0..20_u8).map(|n| package("A", "1.0.0", &[n])).collect();
    let answers = join_all(packages.iter().map(|bytes| feed.push(bytes))).await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((taken.len(), refused.len()), (1, 19));
    assert!(refused.iter().all(|answer| answer.as_ref().is_err_and(|refusal| refusal.code == Code::IdentityTaken)));
    assert_eq!(feed.blobs().await.len(), 1);
    feed.assert_spool_empty();
}
