//! Waiting for a job and for work.

use crate::fixture::{Fixture, LEASE, package, settled};
use database::{Database, DatabaseConfig, ErrorKind};
use model::job::{JobId, JobState, Lane};
use model::{Code, Refusal};
use std::time::Duration;
use tokio::time::Instant;

const LONG: Duration = Duration::from_secs(3600);

/// One whose waits look at the rows only once an hour: what wakes them is a wake.
async fn never_polling(fixture: &Fixture) -> Database {
    Database::connect(&DatabaseConfig { poll: LONG, ..fixture.config.clone() }).await.expect("opens")
}

#[tokio::test]
async fn a_settle_wakes_who_waits_for_the_job() {
    let fixture = Fixture::new().await;
    let database = never_polling(&fixture).await;
    let fingerprint = fixture.announced("ours").await;
    let (_, job) = fixture.push("a", Lane::Upload).await;
    let waits: Vec<_> = (0..3)
        .map(|_| {
            let database = database.clone();
            tokio::spawn(async move { database.wait_for_change(job.id, Instant::now() + LONG).await.expect("waits") })
        })
        .collect();
    let claim = database.claim(1, LEASE, "worker").await.expect("claims").pop().expect("the job");
    database.settle_signed(&claim, settled(&claim.package, &fingerprint, None)).await.expect("settles");
    for wait in waits {
        assert_eq!(wait.await.expect("ends").state, JobState::Signed);
    }
    // Settled already: no wait at all.
    assert_eq!(database.wait_for_change(job.id, Instant::now() + LONG).await.expect("waits").state, JobState::Signed);
}

#[tokio::test]
async fn a_job_put_off_ends_the_wait_and_says_for_how_long() {
    let fixture = Fixture::new().await;
    let database = never_polling(&fixture).await;
    let (_, job) = fixture.push("a", Lane::Upload).await;
    let waiting = database.clone();
    let wait = tokio::spawn(async move { waiting.wait_for_change(job.id, Instant::now() + LONG).await.expect("waits") });
    let claim = database.claim(1, LEASE, "worker").await.expect("claims").pop().expect("the job");
    database.settle_retry(&claim, &Refusal::new(Code::KeyTimeout, "slow"), Duration::from_secs(30)).await.expect("settles");
    let record = wait.await.expect("ends");
    assert_eq!(record.state, JobState::Pending);
    assert!(record.due_in.is_some_and(|d| d <= Duration::from_secs(30)), "{:?}", record.due_in);
}

#[tokio::test]
async fn the_deadline_ends_the_wait_with_the_job_as_it_is() {
    let fixture = Fixture::new().await;
    let (_, job) = fixture.push("a", Lane::Upload).await;
    let record = fixture.wait_for_change(job.id, Instant::now()).await.expect("waits");
    assert_eq!((record.state, record.due_in), (JobState::Pending, None));
}

#[tokio::test]
async fn a_job_that_was_deleted_is_not_found_by_who_waited() {
    let fixture = Fixture::new().await;
    let database = never_polling(&fixture).await;
    let (_, job) = fixture.push("a", Lane::Upload).await;
    let claim = database.claim(1, LEASE, "worker").await.expect("claims").pop().expect("the job");
    database.settle_rejected(&claim, &Refusal::new(Code::Zip64, "no")).await.expect("settles");
    database.delete_rejected(job.id).await.expect("deletes");
    let told = database.wait_for_change(job.id, Instant::now() + LONG).await.map_err(|e| (e.kind(), e.to_string()));
    assert_eq!(told, Err((ErrorKind::NotFound, format!("there is no job {}", job.id))));
    assert_eq!(database.wait_for_change(JobId(99), Instant::now()).await.map_err(|e| e.kind()), Err(ErrorKind::NotFound));
}

#[tokio::test]
async fn what_another_process_settles_is_seen_by_looking() {
    let fixture = Fixture::new().await;
    let other = fixture.second().await;
    let (_, job) = fixture.push("a", Lane::Upload).await;
    let waiting = fixture.clone();
    let wait = tokio::spawn(async move { waiting.wait_for_change(job.id, Instant::now() + LONG).await.expect("waits") });
    let claim = other.claim(1, LEASE, "other").await.expect("claims").pop().expect("the job");
    other.settle_failed(&claim, &Refusal::new(Code::AttemptsSpent, "no luck")).await.expect("settles");
    assert_eq!(wait.await.expect("ends").state, JobState::Failed);
}

#[tokio::test]
async fn recording_and_raising_wake_who_waits_for_work() {
    let fixture = Fixture::new().await;
    let database = never_polling(&fixture).await;
    assert!(!database.wait_for_work(Duration::ZERO).await.expect("looks"));
    let wait = |database: Database| tokio::spawn(async move { database.wait_for_work(LONG).await.expect("waits") });
    let waiting = wait(database.clone());
    database.insert_package(package("a", "1.0.0", b"a"), Lane::Upload).await.expect("records");
    assert!(waiting.await.expect("ends"));
    assert_eq!(database.claim(1, LEASE, "worker").await.expect("claims").len(), 1);
    database.insert_package(package("b", "1.0.0", b"b"), Lane::Dormant).await.expect("records");
    assert!(!database.wait_for_work(Duration::ZERO).await.expect("looks"));
    let waiting = wait(database.clone());
    let dormant = database.find_by_key("b", "1.0.0").await.expect("reads").expect("there");
    database.raise(dormant.package.key, Lane::Interactive).await.expect("raises");
    assert!(waiting.await.expect("ends"));
}

#[tokio::test]
async fn a_missing_blob_wakes_who_waits_for_write_backs() {
    let fixture = Fixture::new().await;
    let database = never_polling(&fixture).await;
    let fingerprint = fixture.announced("ours").await;
    let (package, _) = fixture.signed("a", &fingerprint).await;
    let signature = database.find_by_key("a", "1.0.0").await.expect("reads").and_then(|v| v.signature).expect("signed");
    assert!(database.name_signed_blob(package.key, signature.p7s_sha256, "signed/a").await.expect("names"));
    let waiting = database.clone();
    let wait = tokio::spawn(async move { waiting.wait_for_write_backs(LONG).await.expect("waits") });
    database.forget_signed_blob(package.key, "signed/a").await.expect("forgets");
    assert!(wait.await.expect("ends"));
}
