//! What every queue must do, as one suite that each implementation's tests run.

use crate::Queue;
use async_trait::async_trait;
use model::job::{JobId, Lane};
use std::sync::Arc;
use std::time::Duration;

/// What the suite needs of an implementation's tests.
#[async_trait]
pub trait Bench: Sync {
    /// A queue with nothing in it, that delivers again what was not acknowledged within `visibility`.
    async fn queue(&self, visibility: Duration) -> Arc<dyn Queue>;

    /// A job that is to be done, wherever the truth about jobs is.
    async fn record(&self, lane: Lane) -> JobId;

    /// Makes that job done.
    async fn settle(&self, job: JobId);
}

/// Runs the whole suite; panics where the queue does not conform.
pub async fn run(bench: &dyn Bench) {
    nothing_is_delivered_of_nothing(bench).await;
    the_most_urgent_comes_first(bench).await;
    what_is_with_somebody_is_not_delivered_twice(bench).await;
    what_was_not_acknowledged_comes_back(bench).await;
    what_is_kept_does_not_come_back(bench).await;
    what_was_acknowledged_does_not_come_back(bench).await;
    a_late_acknowledgement_ends_nothing(bench).await;
    publishing_wakes_a_receiver(bench).await;
}

/// Longer than any test takes, shorter than a hang.
const LONG: Duration = Duration::from_secs(30);

async fn published(bench: &dyn Bench, queue: &dyn Queue, lane: Lane) -> JobId {
    let job = bench.record(lane).await;
    queue.publish(job, lane).await.unwrap_or_else(|e| panic!("publishing {job}: {e}"));
    job
}

async fn received(queue: &dyn Queue, max: usize, wait: Duration) -> Vec<crate::Delivery> {
    queue.receive(max, wait).await.unwrap_or_else(|e| panic!("receiving: {e}"))
}

async fn jobs(queue: &dyn Queue, max: usize) -> Vec<(JobId, Lane)> {
    received(queue, max, Duration::ZERO).await.into_iter().map(|d| (d.job, d.lane)).collect()
}

async fn nothing_is_delivered_of_nothing(bench: &dyn Bench) {
    let queue = bench.queue(LONG).await;
    assert_eq!(jobs(&*queue, 10).await, []);
}

async fn the_most_urgent_comes_first(bench: &dyn Bench) {
    let queue = bench.queue(LONG).await;
    let mut made = Vec::new();
    for lane in [Lane::Dormant, Lane::Campaign, Lane::Upload, Lane::Interactive, Lane::Upload] {
        made.push((published(bench, &*queue, lane).await, lane));
    }
    assert_eq!(jobs(&*queue, 3).await, [made[3], made[2], made[4]]);
    assert_eq!(jobs(&*queue, 3).await, [made[1]]);
}

async fn what_is_with_somebody_is_not_delivered_twice(bench: &dyn Bench) {
    let queue = bench.queue(LONG).await;
    published(bench, &*queue, Lane::Upload).await;
    assert_eq!(jobs(&*queue, 10).await.len(), 1);
    assert_eq!(jobs(&*queue, 10).await, []);
}

async fn what_was_not_acknowledged_comes_back(bench: &dyn Bench) {
    let queue = bench.queue(Duration::from_millis(1)).await;
    let job = published(bench, &*queue, Lane::Upload).await;
    let first = received(&*queue, 1, Duration::ZERO).await;
    let second = received(&*queue, 1, LONG).await;
    assert_eq!((first[0].job, second[0].job), (job, job));
    assert_ne!(first[0].receipt, second[0].receipt);
}

async fn what_is_kept_does_not_come_back(bench: &dyn Bench) {
    let queue = bench.queue(Duration::from_secs(2)).await;
    published(bench, &*queue, Lane::Upload).await;
    let first = received(&*queue, 1, Duration::ZERO).await;
    queue.keep(&first[0], LONG).await.unwrap_or_else(|e| panic!("keeping: {e}"));
    let other = published(bench, &*queue, Lane::Campaign).await;
    assert_eq!(jobs(&*queue, 10).await, [(other, Lane::Campaign)]);
    // Kept for no time at all, it is back at once.
    queue.keep(&first[0], Duration::ZERO).await.unwrap_or_else(|e| panic!("keeping: {e}"));
    assert_eq!(received(&*queue, 1, LONG).await[0].job, first[0].job);
}

async fn what_was_acknowledged_does_not_come_back(bench: &dyn Bench) {
    let queue = bench.queue(Duration::from_millis(1)).await;
    let job = published(bench, &*queue, Lane::Upload).await;
    let delivery = received(&*queue, 1, Duration::ZERO).await.remove(0);
    bench.settle(job).await;
    queue.ack(delivery).await.unwrap_or_else(|e| panic!("acknowledging: {e}"));
    // Longer than the visibility that would bring it back.
    assert_eq!(received(&*queue, 1, Duration::from_millis(50)).await, []);
}

async fn a_late_acknowledgement_ends_nothing(bench: &dyn Bench) {
    let queue = bench.queue(Duration::from_millis(1)).await;
    let job = published(bench, &*queue, Lane::Upload).await;
    let late = received(&*queue, 1, Duration::ZERO).await.remove(0);
    let now = received(&*queue, 1, LONG).await.remove(0);
    queue.keep(&now, LONG).await.unwrap_or_else(|e| panic!("keeping: {e}"));
    queue.ack(late).await.unwrap_or_else(|e| panic!("acknowledging: {e}"));
    // Whoever has it now still has it.
    assert_eq!(jobs(&*queue, 1).await, []);
    queue.keep(&now, Duration::ZERO).await.unwrap_or_else(|e| panic!("keeping: {e}"));
    assert_eq!(received(&*queue, 1, LONG).await[0].job, job);
}

async fn publishing_wakes_a_receiver(bench: &dyn Bench) {
    let queue = bench.queue(LONG).await;
    let receiver = Arc::clone(&queue);
    let waiting = tokio::spawn(async move { received(&*receiver, 1, LONG).await });
    tokio::task::yield_now().await;
    let job = published(bench, &*queue, Lane::Upload).await;
    let delivered = waiting.await.unwrap_or_else(|e| panic!("waiting: {e}"));
    assert_eq!(delivered.iter().map(|d| d.job).collect::<Vec<_>>(), [job]);
}
