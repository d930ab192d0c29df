//! Time stamps: an outage costs no further key operation, and no bad answer gets into a package.

use crate::fixture::Feed;
use model::Code;
use model::job::JobState;
use model::retry::Backoff;
use std::sync::Arc;
use std::time::Duration;
use testkit::Tsa;
use timestamp::{Breaker, BreakerConfig, HttpConfig, HttpTimestamper, Timestamper};

fn authority(feed: &Feed, url: &str) -> Arc<dyn Timestamper> {
    let config = HttpConfig { deadline: Duration::from_secs(3), ..HttpConfig::default() };
    let breaker = BreakerConfig { failures: 1000, ..BreakerConfig::default() };
    Arc::new(Breaker::new(Arc::new(HttpTimestamper::new(url, feed.roots(), config).unwrap()), breaker))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_costs_no_further_key_operation() {
    let (Some(mut feed), Some(tsa)) = (Feed::open().await, Tsa::start()) else { return };
    feed.timestamper = Some(authority(&feed, &tsa.url("flaky/3")));
    feed.config.backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_millis(100) };
    let package = testkit::packages(&feed.shared.join("corpus/unsigned")).remove(0);
    let identity = feed.push(&package).await.unwrap().identity;
    let worker = feed.start();
    let file = feed.signed_file(&identity).await;
    worker.stop().await;
    assert_eq!((feed.count.asked(), tsa.total()), (1, 4));
    let verdict = feed.judge(&[file]).remove(0);
    assert_eq!(verdict["valid"], true, "{verdict}");
    let outcomes: Vec<_> = feed.database.audit(0, 100).await.unwrap().into_iter().filter_map(|row| row.outcome).collect();
    assert_eq!(outcomes, ["value_kept", "signed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bad_answer_gets_into_a_package() {
    let (Some(mut feed), Some(tsa)) = (Feed::open().await, Tsa::start()) else { return };
    feed.config.backoff = Backoff { first: Duration::from_secs(600), max: Duration::from_secs(600) };
    let packages = testkit::packages(&feed.shared.join("corpus/unsigned"));
    let cases = [
        ("untrusted", Code::TimestampUntrusted),
        ("expired", Code::TimestampOutsideValidity),
        ("no-certs", Code::TimestampSignerMissing),
        ("wrong-imprint", Code::TimestampImprint),
        ("wrong-nonce", Code::TimestampNonce),
        ("rejected", Code::TimestampRefused),
        ("garbage", Code::TimestampMalformed),
        ("empty", Code::TimestampEmpty),
        ("wrong-type", Code::TimestampWrongType),
        ("busy", Code::TimestampBusy),
        ("throttled", Code::TimestampThrottled),
        ("cut", Code::TimestampInterrupted),
        ("hang", Code::TimestampTimeout),
    ];
    let mut packages = packages.into_iter();
    for (mode, code) in cases {
        let identity = loop {
            if let Ok(receipt) = feed.push(&packages.next().expect("there are packages enough")).await {
                break receipt.identity;
            }
        };
        feed.timestamper = Some(authority(&feed, &tsa.url(mode)));
        let worker = feed.start();
        let view = feed.until(&identity, mode, |view| view.job.refusal.is_some() && view.job.worker.is_none()).await;
        worker.stop().await;
        assert_eq!((view.job.state, view.job.refusal.map(|r| r.code)), (JobState::Pending, Some(code)), "{mode}");
        assert!(view.signature.is_none(), "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_breaker_keeps_the_key_out_of_it() {
    let (Some(mut feed), Some(tsa)) = (Feed::open().await, Tsa::start()) else { return };
    let config = HttpConfig::default();
    let client = Arc::new(HttpTimestamper::new(&tsa.url("rejected"), feed.roots(), config).unwrap());
    let breaker = BreakerConfig { failures: 1, open_first: Duration::from_secs(600), open_max: Duration::from_secs(600) };
    feed.timestamper = Some(Arc::new(Breaker::new(client, breaker)));
    feed.config.concurrency = 1;
    let worker = feed.start();
    for (n, package) in testkit::packages(&feed.shared.join("corpus/unsigned")).iter().take(3).enumerate() {
        let identity = feed.push(package).await.unwrap().identity;
        let view = feed.until(&identity, "a refusal", |view| view.job.refusal.is_some()).await;
        assert_eq!(view.job.refusal.unwrap().code, Code::TimestampRefused, "{n}");
    }
    worker.stop().await;
    assert_eq!((feed.count.asked(), tsa.total()), (1, 1));
}
