//! The table of a job's states: what each settle makes of it, and which wishes lead back to `pending`.

use crate::fixture::{Fixture, LEASE, package, settled};
use database::{Claim, ErrorKind};
use model::job::{JobId, JobState, Lane};
use model::{Code, Refusal};
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
enum Way {
    Signed,
    Rejected,
    Retry,
    Failed,
    Release,
}

async fn settle(fixture: &Fixture, claim: &Claim, way: Way, fingerprint: &str) {
    let refusal = Refusal::nu(Code::KeyRefused, 3001, "why");
    match way {
        Way::Signed => fixture.settle_signed(claim, settled(&claim.package, fingerprint, None)).await,
        Way::Rejected => fixture.settle_rejected(claim, &refusal).await,
        Way::Retry => fixture.settle_retry(claim, &refusal, Duration::ZERO).await,
        Way::Failed => fixture.settle_failed(claim, &refusal).await,
        Way::Release => fixture.release(claim, Duration::ZERO).await,
    }
    .expect("settles");
}

#[tokio::test]
async fn every_settle_leads_where_it_says() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    // way, state, attempts, has a reason, claimable, holds identity, visible
    let table = [
        (Way::Signed, JobState::Signed, 1, false, false, true, true),
        (Way::Rejected, JobState::Rejected, 1, true, false, false, false),
        (Way::Retry, JobState::Pending, 1, true, true, true, false),
        (Way::Failed, JobState::Failed, 1, true, false, true, false),
        (Way::Release, JobState::Pending, 0, false, true, true, false),
    ];
    for (n, (way, state, attempts, reason, claimable, identity, visible)) in table.into_iter().enumerate() {
        let (_, job) = fixture.push(&format!("p{n}"), Lane::Upload).await;
        let claim = fixture.claim_jobs(&[job.id], LEASE, "worker").await.expect("claims").pop().expect("the job");
        settle(&fixture, &claim, way, &fingerprint).await;
        let view = fixture.find_by_job(job.id).await.expect("reads").expect("there");
        let shown = (view.job.state, view.job.attempts, view.job.refusal.is_some(), view.package.holds_identity, view.package.visible);
        assert_eq!(shown, (state, attempts, reason, identity, visible), "{way:?}");
        assert_eq!((view.job.leased_until, view.job.worker), (None, None), "{way:?}");
        assert_eq!(fixture.claim_jobs(&[job.id], LEASE, "worker").await.expect("claims").len() == 1, claimable, "{way:?}");
    }
    let counts = fixture.job_counts().await.expect("counts");
    // A lane without jobs is told as well: a gauge that is not set again keeps what it was last told.
    let pending = vec![(Lane::Interactive, 0), (Lane::Upload, 2), (Lane::Campaign, 0), (Lane::Dormant, 0)];
    assert_eq!((counts.pending, counts.rejected, counts.failed, counts.write_backs), (pending, 1, 1, 1));
    assert!(counts.oldest_pending.is_some());
}

#[tokio::test]
async fn an_operator_has_any_ended_job_done_again() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    for (n, way) in [Way::Signed, Way::Rejected, Way::Failed].into_iter().enumerate() {
        let (package, job) = fixture.push(&format!("p{n}"), Lane::Upload).await;
        let claim = fixture.claim_jobs(&[job.id], LEASE, "worker").await.expect("claims").pop().expect("the job");
        settle(&fixture, &claim, way, &fingerprint).await;
        let again = fixture.requeue(job.id, Lane::Campaign).await.expect("queues");
        assert_eq!((again.state, again.attempts, again.lane, again.refusal), (JobState::Pending, 0, Lane::Campaign, None), "{way:?}");
        let claim = fixture.claim_jobs(&[job.id], LEASE, "worker").await.expect("claims").pop().expect("the job");
        settle(&fixture, &claim, Way::Signed, &fingerprint).await;
        let view = fixture.find_by_job(job.id).await.expect("reads").expect("there");
        assert!(view.package.holds_identity && view.package.visible, "{way:?}");
        assert_eq!(view.package.key, package.key);
    }
    assert_eq!(fixture.requeue(JobId(99), Lane::Upload).await.map_err(|e| e.kind()), Err(ErrorKind::NotFound));
}

#[tokio::test]
async fn a_job_that_somebody_has_is_left_to_them() {
    let fixture = Fixture::new().await;
    let (_, job) = fixture.push("a", Lane::Upload).await;
    let claim = fixture.claim_one().await;
    fixture.requeue(job.id, Lane::Interactive).await.expect("answers");
    assert_eq!(fixture.claim(1, LEASE, "other").await.expect("claims").len(), 0);
    fixture.release(&claim, Duration::ZERO).await.expect("still has it");
}

#[tokio::test]
async fn a_rejected_package_is_not_queued_again_under_an_identity_that_another_has() {
    let fixture = Fixture::new().await;
    let (_, job) = fixture.push("a", Lane::Upload).await;
    let claim = fixture.claim_one().await;
    settle(&fixture, &claim, Way::Rejected, "").await;
    fixture.insert_package(package("a", "1.0.0", b"other"), Lane::Upload).await.expect("records");
    // The push made room for itself.
    assert_eq!(fixture.requeue(job.id, Lane::Upload).await.map_err(|e| e.kind()), Err(ErrorKind::NotFound));
}

#[tokio::test]
async fn the_age_of_the_oldest_job_leaves_the_dormant_out() {
    let fixture = Fixture::new().await;
    fixture.push("a", Lane::Dormant).await;
    let counts = fixture.job_counts().await.expect("counts");
    assert_eq!((counts.pending.last(), counts.oldest_pending), (Some(&(Lane::Dormant, 1)), None));
}
