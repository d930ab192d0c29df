//! Downloads of what is not signed yet: raised, waited for, streamed; or refused with when to come again.

use crate::feed::{Feed, config, identity};
use front::{FrontConfig, OnFailure, WaitLimits};
use model::job::{JobState, Lane};
use model::{Code, Refusal};
use std::sync::Arc;
use std::time::Duration;

const PATH: &str = "/v3/package/bar.a/1.0.0/bar.a.1.0.0.nupkg";
const PACKAGE: &[u8] = b"the bytes of a package, more or less";

#[tokio::test]
async fn a_dormant_package_is_raised_and_its_signature_waited_for() {
    let feed = Arc::new(Feed::start(config()).await);
    let view = feed.add("Bar.A", "1.0.0", PACKAGE, Lane::Dormant).await;
    let asked = tokio::spawn({
        let feed = Arc::clone(&feed);
        async move { feed.get(PATH).await }
    });
    feed.until(&view.package.identity, |v| v.job.lane == Lane::Interactive).await;
    assert!(!asked.is_finished());
    let signed = feed.sign(view.job.id, PACKAGE).await;
    let answer = asked.await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.body == signed.bytes);
}

#[tokio::test]
async fn many_downloads_of_one_package_are_one_signature() {
    let feed = Arc::new(Feed::start(config()).await);
    let view = feed.add("Bar.A", "1.0.0", PACKAGE, Lane::Upload).await;
    let ask = || {
        let feed = Arc::clone(&feed);
        tokio::spawn(async move { feed.get(PATH).await })
    };
    let asked: Vec<_> = (0..20).map(|_| ask()).collect();
    feed.until(&view.package.identity, |v| v.job.lane == Lane::Interactive).await;
    let signed = feed.sign(view.job.id, PACKAGE).await;
    for answer in asked {
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200);
        assert!(answer.body == signed.bytes);
    }
    assert_eq!(feed.view(&view.package.identity).await.job.attempts, 1);
}

#[tokio::test]
async fn the_wait_ends_at_its_deadline() {
    let feed = Feed::start(FrontConfig { sign_wait: Duration::from_millis(50), ..config() }).await;
    feed.add("Bar.A", "1.0.0", PACKAGE, Lane::Upload).await;
    let answer = feed.get(PATH).await;
    assert_eq!(answer.problem(), (503, "signing_pending".into()));
    assert_eq!(answer.header("retry-after"), "2");
}

#[tokio::test]
async fn more_waiting_requests_than_allowed_are_refused() {
    let limits = WaitLimits { per_client: 1, total: 1 };
    let feed = Arc::new(Feed::start(FrontConfig { wait_limits: limits, ..config() }).await);
    let view = feed.add("Bar.A", "1.0.0", PACKAGE, Lane::Upload).await;
    let first = tokio::spawn({
        let feed = Arc::clone(&feed);
        async move { feed.get(PATH).await }
    });
    feed.until(&view.package.identity, |v| v.job.lane == Lane::Interactive).await;
    let second = feed.get(PATH).await;
    assert_eq!(second.problem(), (429, "rate_limited".into()));
    assert_ne!(second.header("retry-after"), "");
    feed.sign(view.job.id, PACKAGE).await;
    assert_eq!(first.await.unwrap().status, 200);
}

/// Has the attempt at `Bar.A` fail and be put off by an hour.
async fn put_off(feed: &Feed) {
    let view = feed.add("Bar.A", "1.0.0", PACKAGE, Lane::Upload).await;
    let claim = feed.claim(view.job.id).await;
    let refusal = Refusal::new(Code::TimestampUnreachable, "the authority cannot be reached");
    feed.database.settle_retry(&claim, &refusal, Duration::from_secs(3600)).await.unwrap();
}

#[tokio::test]
async fn a_job_that_was_put_off_is_not_tried_for_a_download() {
    let feed = Feed::start(config()).await;
    put_off(&feed).await;
    let answer = feed.get(PATH).await;
    assert_eq!(answer.problem(), (503, "signing_pending".into()));
    let delay: u64 = answer.header("retry-after").parse().unwrap();
    assert!((3500..=3600).contains(&delay), "{delay}");
    assert!(answer.header("x-nuget-warning").contains("the authority cannot be reached"));
    let view = feed.view(&identity("Bar.A", "1.0.0")).await;
    assert_eq!((view.job.attempts, view.job.lane, view.job.state), (1, Lane::Upload, JobState::Pending));
    let status = feed.document("/v3/status/bar.a/1.0.0").await;
    assert_eq!((&status["code"], &status["attempts"]), (&"timestamp_unreachable".into(), &1.into()));
    assert!(status["notBefore"].as_str().unwrap().ends_with('Z'), "{status}");
}

#[tokio::test]
async fn a_job_that_is_put_off_during_the_wait_ends_it() {
    let feed = Arc::new(Feed::start(config()).await);
    let view = feed.add("Bar.A", "1.0.0", PACKAGE, Lane::Upload).await;
    let asked = tokio::spawn({
        let feed = Arc::clone(&feed);
        async move { feed.get(PATH).await }
    });
    feed.until(&view.package.identity, |v| v.job.lane == Lane::Interactive).await;
    let claim = feed.claim(view.job.id).await;
    let refusal = Refusal::new(Code::TimestampBusy, "the authority answered 503");
    feed.database.settle_retry(&claim, &refusal, Duration::from_secs(60)).await.unwrap();
    assert_eq!(asked.await.unwrap().problem(), (503, "signing_pending".into()));
}

#[tokio::test]
async fn a_failed_job_is_told() {
    let feed = Feed::start(config()).await;
    let view = feed.add("Bar.A", "1.0.0", PACKAGE, Lane::Upload).await;
    let claim = feed.claim(view.job.id).await;
    feed.database.settle_failed(&claim, &Refusal::new(Code::AttemptsSpent, "the key refused")).await.unwrap();
    let answer = feed.get(PATH).await;
    assert_eq!(answer.problem(), (503, "signing_failed".into()));
    assert_eq!(answer.header("retry-after"), "300");
}

#[tokio::test]
async fn while_signing_fails_packages_come_unsigned_where_that_was_chosen() {
    let feed = Feed::start(FrontConfig { on_failure: OnFailure::ServeUnsigned, ..config() }).await;
    put_off(&feed).await;
    let answer = feed.get(PATH).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body == PACKAGE);
    assert!(answer.header("x-nuget-warning").starts_with("signing_failed: "), "{answer:?}");
}
