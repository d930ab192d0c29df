//! The process ends at every named point of a push. Whatever is left, the same push afterwards ends as if nothing had been.

use crate::{Feed, all, package};
use bytes::Bytes;
use intake::{Caller, Intake, ReceiptState};
use model::clock::ManualClock;
use model::{Code, Refusal};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use storage::failpoint::{Action, arm};
use time::OffsetDateTime;

const FOLDER: &str = "INTAKE_CRASH_FOLDER";
const POINT: &str = "INTAKE_CRASH_POINT";

fn points() -> impl Iterator<Item = &'static str> {
    let own = intake::failpoint::POINTS.iter().copied().filter(|point| !point.starts_with("intake.rejected"));
    let stores = storage::failpoint::POINTS
        .iter()
        .copied()
        .filter(|point| point.starts_with("storage.spool") || point.starts_with("storage.adopt"))
        // Only when the bytes are there already.
        .filter(|point| !matches!(*point, "storage.adopt.touched" | "storage.adopt.replaced"));
    own.chain(stores)
}

fn crashing_package() -> Vec<u8> {
    package("A", "1.0.0", &[5; 400_000])
}

/// Not a test of its own: what the other runs in a process that is to die.
#[tokio::test]
async fn child() {
    let (Ok(folder), Ok(point)) = (std::env::var(FOLDER), std::env::var(POINT)) else { return };
    arm(&point, Some(Action::Abort));
    let (store, database) = crate::open(folder.as_ref()).await;
    let clock = Arc::new(ManualClock::at(OffsetDateTime::UNIX_EPOCH));
    let intake = Intake::new(store, database, crate::config(), clock);
    let body = futures::stream::iter([Ok(Bytes::from(crashing_package()))]);
    intake.receive(body, &Caller::default()).await.unwrap();
}

#[tokio::test]
async fn a_push_killed_at_any_point_can_be_made_again() {
    for point in points() {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let died = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crashes::child", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(POINT, point)
            .output()
            .unwrap();
        assert!(!died.status.success(), "{point} was not passed: {}", String::from_utf8_lossy(&died.stdout));

        let feed = Feed::at(folder, |_| {}).await;
        feed.assert_spool_empty();
        // A row is never there without its blob.
        for view in feed.database.packages(&all()).await.unwrap() {
            let blob = feed.store.head(&view.package.incoming).await.unwrap().expect(point);
            assert_eq!(blob.pin.as_str(), view.package.pin, "{point}");
        }
        let receipt = feed.push(&crashing_package()).await.unwrap();
        assert_eq!(receipt.state, ReceiptState::Accepted, "{point}");
        assert_eq!((feed.blobs().await.len(), feed.database.packages(&all()).await.unwrap().len()), (1, 1), "{point}");
        feed.assert_spool_empty();
    }
}

/// Two processes on one folder: one is through with a rejected push and takes its blob away, the other one has just found those bytes in
/// the store and is about to name them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_blob_that_is_about_to_be_named_is_not_taken_away_by_another_process() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let (one, other) = (Feed::at(Arc::clone(&folder), |_| {}).await, Feed::at(Arc::clone(&folder), |_| {}).await);
    let bytes = package("Raced", "1.0.0", &[9; 1000]);
    let refused = {
        let (intake, bytes) = (one.intake.clone(), Bytes::from(bytes.clone()));
        let caller = Caller { name: None, wait: Some(Duration::from_secs(60)) };
        tokio::spawn(async move { intake.receive(futures::stream::iter([Ok(bytes)]), &caller).await })
    };
    while one.database.packages(&all()).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    arm("storage.adopt.touched", Some(Action::Wait));
    let taken = {
        let (intake, bytes) = (other.intake.clone(), Bytes::from(bytes.clone()));
        tokio::spawn(async move { intake.receive(futures::stream::iter([Ok(bytes)]), &Caller::default()).await })
    };
    while storage::failpoint::waiting("storage.adopt.touched") == 0 {
        tokio::task::yield_now().await;
    }
    one.settle_next(Some(Refusal::new(Code::SigningFailed, "no"))).await;
    assert_eq!(refused.await.unwrap().unwrap_err().code, Code::SigningFailed);
    arm("storage.adopt.touched", None);
    taken.await.unwrap().unwrap();

    let view = other.database.packages(&all()).await.unwrap().remove(0);
    let blob = other.store.head(&view.package.incoming).await.unwrap().expect("a row is never without its blob");
    assert_eq!(blob.pin.as_str(), view.package.pin);
}
