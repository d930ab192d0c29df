//! Stopping: jobs in hand end, or are handed back at once with their attempt not counted; two workers publish one signature.

use crate::fixture::Feed;
use model::job::JobState;
use std::sync::Arc;
use std::time::Duration;
use testkit::Tsa;
use timestamp::{HttpConfig, HttpTimestamper};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_does_not_end_within_the_grace_is_handed_back() {
    let (Some(mut feed), Some(tsa)) = (Feed::open().await, Tsa::start()) else { return };
    let config = HttpConfig { deadline: Duration::from_secs(600), ..HttpConfig::default() };
    feed.timestamper = Some(Arc::new(HttpTimestamper::new(&tsa.url("hang"), feed.roots(), config).unwrap()));
    feed.config.timestamp_deadline = Duration::from_secs(600);
    feed.config.grace = Duration::from_millis(50);
    let package = testkit::packages(&feed.shared.join("corpus/unsigned")).remove(0);
    let identity = feed.push(&package).await.unwrap().identity;
    let worker = feed.start();
    feed.until(&identity, "a claim", |view| view.job.worker.is_some()).await;
    for _ in 0..400 {
        if tsa.total() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    worker.stop().await;
    let view = feed.database.find(&identity).await.unwrap().unwrap();
    assert_eq!((view.job.state, view.job.attempts, view.job.worker), (JobState::Pending, 0, None));

    // The next worker stamps the value that was kept.
    feed.timestamper = Some(Arc::new(HttpTimestamper::new(&tsa.url(""), feed.roots(), HttpConfig::default()).unwrap()));
    let worker = feed.start();
    feed.signed_file(&identity).await;
    worker.stop().await;
    assert_eq!(feed.count.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_workers_publish_one_signature_each() {
    let Some(feed) = Feed::open().await else { return };
    let mut workers = Vec::new();
    for n in 0..3 {
        let mut context = feed.context();
        context.config.name = format!("tester-{n}");
        let stop = tokio_util::sync::CancellationToken::new();
        workers.push((stop.clone(), tokio::spawn(worker::run(context, stop))));
    }
    let mut pushed = 0;
    let mut identities = Vec::new();
    for package in testkit::packages(&feed.shared.join("corpus/unsigned")) {
        if let Ok(receipt) = feed.push(&package).await {
            pushed += u64::from(receipt.new);
            identities.push(receipt.identity);
        }
    }
    for identity in &identities {
        feed.signed_file(identity).await;
    }
    for (stop, task) in workers {
        stop.cancel();
        task.await.unwrap();
    }
    assert_eq!(feed.count.asked(), pushed);
}
