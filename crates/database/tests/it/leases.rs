//! Claims, fences, and what a lease that has ended can still do: nothing.

use crate::fixture::{Fixture, LEASE, intent, kept, settled};
use database::{Claim, Database, Error, ErrorKind, PackageFilter};
use model::job::{JobId, JobState, Lane};
use model::{Code, Refusal};
use std::collections::BTreeSet;
use std::time::Duration;

fn not_now() -> Refusal {
    Refusal::new(Code::TimestampBusy, "the authority is busy")
}

#[tokio::test]
async fn the_most_urgent_are_claimed_first_and_the_dormant_never() {
    let fixture = Fixture::new().await;
    for (id, lane) in [("a", Lane::Dormant), ("b", Lane::Campaign), ("c", Lane::Upload), ("d", Lane::Interactive), ("e", Lane::Upload)] {
        fixture.push(id, lane).await;
    }
    let ids = |claims: &[Claim]| claims.iter().map(|c| c.package.identity.id.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&fixture.claim(3, LEASE, "worker").await.expect("claims")), ["d", "c", "e"]);
    assert_eq!(ids(&fixture.claim(3, LEASE, "worker").await.expect("claims")), ["b"]);
    assert_eq!(ids(&fixture.claim(3, LEASE, "worker").await.expect("claims")), [""; 0]);
    // Raised, it is claimed; also by name it is not before.
    let dormant = fixture.find_by_key("a", "1.0.0").await.expect("reads").expect("there");
    assert_eq!(fixture.claim_jobs(&[dormant.job.id], LEASE, "worker").await.expect("claims").len(), 0);
    let raised = fixture.raise(dormant.package.key, Lane::Interactive).await.expect("raises");
    assert_eq!(raised.lane, Lane::Interactive);
    assert_eq!(ids(&fixture.claim(3, LEASE, "worker").await.expect("claims")), ["a"]);
}

#[tokio::test]
async fn raising_never_makes_less_urgent() {
    let fixture = Fixture::new().await;
    let (package, _) = fixture.push("a", Lane::Interactive).await;
    assert_eq!(fixture.raise(package.key, Lane::Campaign).await.expect("raises").lane, Lane::Interactive);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_workers_never_claim_one_job() {
    let fixture = Fixture::new().await;
    let second = fixture.second().await;
    for n in 0..200 {
        fixture.push(&format!("p{n}"), Lane::Upload).await;
    }
    let workers = (0..8).map(|n| {
        let database: Database = if n % 2 == 0 { fixture.clone() } else { second.clone() };
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claims = database.claim(7, LEASE, &format!("worker {n}")).await.expect("claims");
                if claims.is_empty() {
                    return mine;
                }
                mine.extend(claims.into_iter().map(|c| c.job));
            }
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.expect("ends"));
    }
    assert_eq!(all.len(), 200);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 200);
}

#[tokio::test]
async fn attempts_are_counted_at_the_claim_and_a_lease_that_ended_is_claimed_again() {
    let fixture = Fixture::new().await;
    fixture.push("a", Lane::Upload).await;
    for attempt in 1..=3 {
        let claim = fixture.claim(1, Duration::ZERO, "worker").await.expect("claims").pop().expect("the job");
        assert_eq!(claim.attempt, attempt);
    }
    let claim = fixture.claim_one().await;
    assert_eq!(claim.attempt, 4);
    assert_eq!(fixture.claim(1, LEASE, "other").await.expect("claims").len(), 0);
}

#[tokio::test]
async fn handing_back_counts_no_attempt() {
    let fixture = Fixture::new().await;
    let (_, job) = fixture.push("a", Lane::Upload).await;
    let claim = fixture.claim_one().await;
    fixture.release(&claim, Duration::ZERO).await.expect("hands back");
    assert_eq!(fixture.claim_one().await.attempt, 1);
    let record = fixture.job(job.id).await.expect("reads").expect("there");
    assert_eq!((record.attempts, record.worker.as_deref()), (1, Some("worker")));
}

#[tokio::test]
async fn what_was_put_off_is_not_claimed_before_its_time() {
    let fixture = Fixture::new().await;
    let (package, job) = fixture.push("a", Lane::Upload).await;
    let claim = fixture.claim_one().await;
    fixture.settle_retry(&claim, &not_now(), Duration::from_secs(3600)).await.expect("settles");
    // Not even when it is raised.
    fixture.raise(package.key, Lane::Interactive).await.expect("raises");
    assert_eq!(fixture.claim(1, LEASE, "worker").await.expect("claims").len(), 0);
    assert_eq!(fixture.claim_jobs(&[job.id], LEASE, "worker").await.expect("claims").len(), 0);
    let record = fixture.job(job.id).await.expect("reads").expect("there");
    assert_eq!((record.state, record.refusal, record.leased_until), (JobState::Pending, Some(not_now()), None));
    let due_in = record.due_in.expect("put off");
    assert!(due_in > Duration::from_secs(3500) && due_in <= Duration::from_secs(3600), "{due_in:?}");
}

/// Everything that is done under a lease.
async fn under_lease(database: &Database, claim: &Claim, fingerprint: &str) -> Vec<(&'static str, Result<(), Error>)> {
    let mut extended = claim.clone();
    let intent_id = database.audit(0, 1).await.expect("reads").first().map_or(database::IntentId(1), |row| database::IntentId(row.id));
    vec![
        ("intent", database.intent(claim, &intent(fingerprint)).await.map(drop)),
        ("keep_signature_value", database.keep_signature_value(claim, kept(fingerprint, intent_id)).await),
        ("extend", database.extend(&mut extended, LEASE).await),
        ("release", database.release(claim, Duration::ZERO).await),
        ("settle_signed", database.settle_signed(claim, settled(&claim.package, fingerprint, None)).await),
        ("settle_rejected", database.settle_rejected(claim, &not_now()).await),
        ("settle_retry", database.settle_retry(claim, &not_now(), Duration::ZERO).await),
        ("settle_failed", database.settle_failed(claim, &not_now()).await),
    ]
}

async fn everything_is_lost(fixture: &Fixture, claim: &Claim, fingerprint: &str) {
    let before = fixture.packages(&PackageFilter { limit: 10, ..PackageFilter::default() }).await.expect("lists");
    let audit = fixture.audit(0, 100).await.expect("reads");
    for (what, result) in under_lease(fixture, claim, fingerprint).await {
        let told = result.map_err(|e| (e.kind(), e.code(), e.to_string()));
        assert_eq!(told, Err((ErrorKind::LeaseLost, Code::LeaseLost, format!("the lease of job {} has ended", claim.job))), "{what}");
    }
    let mut after = fixture.packages(&PackageFilter { limit: 10, ..PackageFilter::default() }).await.expect("lists");
    for (a, b) in after.iter_mut().zip(&before) {
        a.job.due_in = b.job.due_in;
    }
    assert_eq!(after, before);
    assert_eq!(fixture.audit(0, 100).await.expect("reads"), audit);
}

#[tokio::test]
async fn a_lease_that_ended_while_signing_settles_nothing() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    fixture.push("a", Lane::Upload).await;
    // It ended the moment it began, and nobody else has the job.
    let late = fixture.claim(1, Duration::ZERO, "late").await.expect("claims").pop().expect("the job");
    everything_is_lost(&fixture, &late, &fingerprint).await;
}

#[tokio::test]
async fn a_job_that_another_worker_has_now_is_settled_by_that_one_alone() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    let (package, job) = fixture.push("a", Lane::Upload).await;
    let late = fixture.claim(1, Duration::ZERO, "late").await.expect("claims").pop().expect("the job");
    let claim = fixture.claim_one().await;
    everything_is_lost(&fixture, &late, &fingerprint).await;
    fixture.settle_signed(&claim, settled(&package, &fingerprint, None)).await.expect("settles");
    everything_is_lost(&fixture, &late, &fingerprint).await;
    // Neither does the one who settled settle twice.
    everything_is_lost(&fixture, &claim, &fingerprint).await;
    assert_eq!(fixture.job(job.id).await.expect("reads").map(|j| j.state), Some(JobState::Signed));
}

#[tokio::test]
async fn a_token_is_good_for_its_own_job_alone() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    fixture.push("a", Lane::Upload).await;
    let (_, other) = fixture.push("b", Lane::Dormant).await;
    let mut forged = fixture.claim_one().await;
    forged.job = other.id;
    everything_is_lost(&fixture, &forged, &fingerprint).await;
}

#[tokio::test]
async fn extending_gives_the_time_asked_for_from_now() {
    let fixture = Fixture::new().await;
    let (_, job) = fixture.push("a", Lane::Upload).await;
    let mut claim = fixture.claim_one().await;
    let before = fixture.job(job.id).await.expect("reads").and_then(|j| j.leased_until).expect("leased");
    let ends = claim.ends;
    fixture.extend(&mut claim, LEASE * 10).await.expect("extends");
    let after = fixture.job(job.id).await.expect("reads").and_then(|j| j.leased_until).expect("leased");
    assert!(after - before >= LEASE * 9, "{before} {after}");
    assert!(claim.ends - ends >= LEASE * 9);
}

#[tokio::test]
async fn leases_of_a_worker_that_is_gone_end_at_once() {
    let fixture = Fixture::new().await;
    fixture.push("a", Lane::Upload).await;
    fixture.push("b", Lane::Upload).await;
    fixture.claim(1, LEASE, "gone").await.expect("claims");
    let other = fixture.claim(1, LEASE, "other").await.expect("claims").pop().expect("a job");
    assert_eq!(fixture.end_leases_of("gone").await.expect("ends"), 1);
    let claims = fixture.claim(5, LEASE, "back").await.expect("claims");
    assert_eq!(claims.iter().map(|c| (c.package.identity.id.as_str(), c.attempt)).collect::<Vec<_>>(), [("a", 2)]);
    fixture.release(&other, Duration::ZERO).await.expect("is not touched");
}

#[tokio::test]
async fn jobs_are_claimed_by_name_when_they_are_free() {
    let fixture = Fixture::new().await;
    let mut jobs = Vec::new();
    for n in 0..6 {
        jobs.push(fixture.push(&format!("p{n}"), Lane::Upload).await.1.id);
    }
    let first = fixture.claim_jobs(&jobs[1..3], LEASE, "worker").await.expect("claims");
    assert_eq!(first.iter().map(|c| c.job).collect::<Vec<_>>(), jobs[1..3]);
    let rest = fixture.claim_jobs(&jobs, LEASE, "worker").await.expect("claims");
    assert_eq!(rest.iter().map(|c| c.job).collect::<Vec<_>>(), [jobs[0], jobs[3], jobs[4], jobs[5]]);
    assert_eq!(fixture.claim_jobs(&[], LEASE, "worker").await.expect("claims").len(), 0);
    assert_eq!(fixture.claim_jobs(&[JobId(999)], LEASE, "worker").await.expect("claims").len(), 0);
}
