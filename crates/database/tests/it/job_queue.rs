//! The queue on the database does what every queue does.

use crate::fixture::{Fixture, LEASE};
use async_trait::async_trait;
use database::JobQueue;
use model::job::{JobId, Lane};
use model::{Code, Refusal};
use queue::Queue;
use queue::conformance::{Bench, run};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

struct OnDatabase {
    fixture: Fixture,
    made: AtomicUsize,
}

#[async_trait]
impl Bench for OnDatabase {
    async fn queue(&self, visibility: Duration) -> Arc<dyn Queue> {
        // Each test of the suite has the rows for itself.
        for claim in self.fixture.claim(1000, LEASE, "sweep").await.expect("claims") {
            self.fixture.settle_failed(&claim, &Refusal::new(Code::Internal, "another test's")).await.expect("settles");
        }
        Arc::new(JobQueue::new(self.fixture.clone(), visibility))
    }

    async fn record(&self, lane: Lane) -> JobId {
        let n = self.made.fetch_add(1, Ordering::Relaxed);
        self.fixture.push(&format!("p{n}"), lane).await.1.id
    }

    async fn settle(&self, job: JobId) {
        let claim = self.fixture.claim_jobs(&[job], LEASE, "worker").await.expect("claims").pop().expect("the job");
        self.fixture.settle_failed(&claim, &Refusal::new(Code::Internal, "done with")).await.expect("settles");
    }
}

#[tokio::test]
async fn the_queue_on_the_database_conforms() {
    run(&OnDatabase { fixture: Fixture::new().await, made: AtomicUsize::new(0) }).await;
}

#[tokio::test]
async fn what_was_put_off_is_delivered_again_when_it_is_due() {
    let fixture = Fixture::new().await;
    let queue = JobQueue::new(fixture.clone(), LEASE);
    let (_, job) = fixture.push("a", Lane::Upload).await;
    let delivery = queue.receive(1, Duration::ZERO).await.expect("receives").pop().expect("the job");
    let claim = fixture.claim_jobs(&[job.id], LEASE, "worker").await.expect("claims").pop().expect("the job");
    fixture.settle_retry(&claim, &Refusal::new(Code::KeyTimeout, "slow"), Duration::from_millis(20)).await.expect("settles");
    queue.ack(delivery).await.expect("acknowledges");
    let again = queue.receive(1, Duration::from_secs(60)).await.expect("receives").pop().expect("the job");
    assert_eq!(again.job, job.id);
}
