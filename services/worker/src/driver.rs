//! The loop: room, a wake, claims, jobs; and the end of it.
//!
//! A permit is taken before anything is asked of the queue and moves into the job, so that what is claimed is worked on at
//! once. Stopping takes no new job; those in hand have the grace to end, then they are handed back.

use crate::failure::Failure;
use crate::outcome::{Verdict, verdict};
use crate::{Worker, failpoint, measure};
use database::{Claim, ErrorKind};
use model::{Code, Refusal};
use queue::Delivery;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// How long one look at the queue waits.
const WAIT: Duration = Duration::from_secs(5);
/// After something that jobs need did not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// Signed packages being written while their workers go on with other jobs.
const WRITE_BACKS: usize = 64;

/// Runs jobs until `stop`, then ends them.
pub(crate) async fn run(worker: Arc<Worker>, stop: CancellationToken) {
    let mut driver = Driver {
        permits: Arc::new(Semaphore::new(worker.context.config.concurrency)),
        write_backs: Arc::new(Semaphore::new(WRITE_BACKS)),
        hand_back: CancellationToken::new(),
        jobs: JoinSet::new(),
        claiming: None,
        worker,
    };
    while !stop.is_cancelled() {
        tokio::select! {
            () = driver.turn() => {}
            () = stop.cancelled() => {}
        }
    }
    driver.end().await;
}

/// Claims, each with the delivery that led to it.
type Claimed = Vec<(Claim, Delivery)>;

struct Driver {
    worker: Arc<Worker>,
    permits: Arc<Semaphore>,
    write_backs: Arc<Semaphore>,
    hand_back: CancellationToken,
    jobs: JoinSet<()>,
    /// Claims on their way when a turn was dropped.
    claiming: Option<JoinHandle<Option<Claimed>>>,
}

impl Driver {
    /// Claims what there is room for and sets it going. It is dropped at an await when the process stops; claims that are on
    /// their way then are handed back by [`Self::end`].
    async fn turn(&mut self) {
        while let Some(ended) = self.jobs.try_join_next() {
            report_panic(ended);
        }
        let Ok(first) = Arc::clone(&self.permits).acquire_owned().await else { return };
        // Without a certificate no job is taken: an attempt would be counted against it for nothing.
        if self.worker.credentials.current().await.is_err() {
            return tokio::time::sleep(PAUSE).await;
        }
        let room = 1 + self.permits.available_permits();
        let deliveries = match self.worker.context.queue.receive(room, WAIT).await {
            Ok(deliveries) if deliveries.is_empty() => return,
            Ok(deliveries) => deliveries,
            Err(error) => {
                tracing::warn!("the queue does not answer: {}", telemetry::chain(&error));
                return tokio::time::sleep(PAUSE).await;
            }
        };
        // In a task of its own, which a dropped turn leaves going: what it claims must not be lost sight of.
        let claiming = self.claiming.insert(tokio::spawn(claim(Arc::clone(&self.worker), deliveries)));
        let claimed = claiming.await;
        self.claiming = None;
        match claimed {
            Ok(Some(claimed)) => self.start(claimed, first),
            Ok(None) => tokio::time::sleep(PAUSE).await,
            Err(error) => tracing::error!("claiming ended: {}", telemetry::chain(&error)),
        }
    }

    fn start(&mut self, claimed: Claimed, first: OwnedSemaphorePermit) {
        let mut first = Some(first);
        for (claim, delivery) in claimed {
            // There were as many when the queue was asked, and only this loop takes any.
            let permit = first.take().or_else(|| Arc::clone(&self.permits).try_acquire_owned().ok());
            let span = tracing::info_span!(
                "job",
                job.id = claim.job.0,
                package.id = %claim.package.identity.id,
                package.version = %claim.package.identity.version,
                attempt = claim.attempt
            );
            let job = Job { worker: Arc::clone(&self.worker), claim, delivery, hand_back: self.hand_back.clone() };
            self.jobs.spawn(job.run(permit, Arc::clone(&self.write_backs)).instrument(span));
        }
    }

    /// Lets the jobs in hand end within the grace, then hands them back.
    async fn end(mut self) {
        if let Some(claiming) = self.claiming.take()
            && let Ok(Some(claimed)) = claiming.await
        {
            for (claim, delivery) in claimed {
                release(&self.worker, &claim).await;
                acknowledge(&self.worker, delivery).await;
            }
        }
        let grace = self.worker.context.config.grace;
        if tokio::time::timeout(grace, join_all(&mut self.jobs)).await.is_err() {
            tracing::info!(jobs = self.jobs.len(), "handing back the jobs that did not end within the grace");
            self.hand_back.cancel();
            join_all(&mut self.jobs).await;
        }
    }
}

/// Claims what was delivered. What is not to be had (another has it, or it is put off) is acknowledged: its row decides.
async fn claim(worker: Arc<Worker>, deliveries: Vec<Delivery>) -> Option<Claimed> {
    let context = &worker.context;
    let jobs: Vec<_> = deliveries.iter().map(|d| d.job).collect();
    failpoint::pass("worker.claim.before");
    let claims = match measure::step("claim", context.database.claim_jobs(&jobs, context.config.lease, &context.config.name)).await {
        Ok(claims) => claims,
        Err(error) => {
            tracing::warn!("jobs could not be claimed: {}", telemetry::chain(&error));
            // To be delivered again soon, not when their visibility ends.
            for delivery in &deliveries {
                _ = context.queue.keep(delivery, PAUSE).await;
            }
            return None;
        }
    };
    let mut deliveries: HashMap<_, _> = deliveries.into_iter().map(|d| (d.job, d)).collect();
    let claimed = claims.into_iter().filter_map(|claim| deliveries.remove(&claim.job).map(|delivery| (claim, delivery))).collect();
    for (_, delivery) in deliveries {
        acknowledge(&worker, delivery).await;
    }
    Some(claimed)
}

async fn acknowledge(worker: &Worker, delivery: Delivery) {
    if let Err(error) = worker.context.queue.ack(delivery).await {
        tracing::warn!("a delivery could not be acknowledged: {}", telemetry::chain(&error));
    }
}

/// One claimed job.
struct Job {
    worker: Arc<Worker>,
    claim: Claim,
    delivery: Delivery,
    hand_back: CancellationToken,
}

impl Job {
    async fn run(mut self, permit: Option<OwnedSemaphorePermit>, write_backs: Arc<Semaphore>) {
        let hand_back = self.hand_back.clone();
        let publication = tokio::select! {
            biased;
            attempted = self.attempt_and_again() => match attempted {
                Ok(publication) => {
                    self.worker.own_faults.forget(self.claim.job);
                    measure::job(publication.outcome());
                    measure::signature(publication.fingerprint());
                    tracing::info!("{}", publication.outcome());
                    Some(publication)
                }
                Err(failure) => {
                    self.settle_failure(&failure).await;
                    None
                }
            },
            () = hand_back.cancelled() => {
                release(&self.worker, &self.claim).await;
                None
            }
        };
        acknowledge(&self.worker, self.delivery).await;
        if let Some(publication) = publication {
            // The lease is over; writing goes on beside the next job, as long as not too many are being written.
            let _slot = write_backs.acquire_owned().await;
            drop(permit);
            tokio::select! {
                biased;
                () = self.worker.publish(&self.claim.package, &publication) => {}
                // Whoever comes next does it.
                () = self.hand_back.cancelled() => {}
            }
        }
    }

    /// The attempt; once more when the blob is another version with the recorded content.
    async fn attempt_and_again(&mut self) -> Result<crate::publish::Publication, Failure> {
        match self.attempt().await {
            Err(failure) if failure.is_another_version() => {
                let worker = Arc::clone(&self.worker);
                if worker.restored(&mut self.claim.package).await { self.attempt().await } else { Err(failure) }
            }
            attempted => attempted,
        }
    }

    /// The attempt, with its lease kept while it goes on.
    async fn attempt(&self) -> Result<crate::publish::Publication, Failure> {
        let config = &self.worker.context.config;
        if self.claim.attempt > config.attempts_max {
            let reason = format!("{} attempts were begun and none ended", config.attempts_max);
            return Err(Failure::Spent(Refusal::new(Code::AttemptsSpent, reason)));
        }
        tokio::select! {
            biased;
            attempted = self.worker.attempt(&self.claim) => attempted,
            lost = self.keep_lease() => Err(Failure::Database(lost)),
        }
    }

    /// Ends when the lease is lost.
    async fn keep_lease(&self) -> database::Error {
        let (context, mut lease) = (&self.worker.context, self.claim.clone());
        loop {
            tokio::time::sleep(context.config.lease / 3).await;
            match context.database.extend(&mut lease, context.config.lease).await {
                Ok(()) => {}
                // Unextended, it is over when our own clock says so, whether the database can be asked or not.
                Err(error) if error.kind() == ErrorKind::LeaseLost || Instant::now() >= lease.ends => return error,
                Err(error) => tracing::warn!("the lease could not be extended: {}", telemetry::chain(&error)),
            }
            if let Err(error) = context.queue.keep(&self.delivery, context.config.lease).await {
                tracing::warn!("the delivery could not be kept: {}", telemetry::chain(&error));
            }
        }
    }

    async fn settle_failure(&self, failure: &Failure) {
        let (database, claim) = (&self.worker.context.database, &self.claim);
        let (refusal, why) = (failure.to_refusal(), telemetry::chain(failure));
        let faults = self.worker.own_faults.count(claim.job, failure);
        let verdict = verdict(failure, claim.job, claim.attempt, faults, &self.worker.context.config);
        if !matches!(verdict, Verdict::Retry(_)) {
            self.worker.own_faults.forget(claim.job);
        }
        let settled = match verdict {
            Verdict::Drop => {
                tracing::info!("another worker has the job by now: {why}");
                measure::lease_lost();
                measure::job("lease_lost");
                return;
            }
            Verdict::Retry(delay) => {
                tracing::warn!(code = %refusal.code, retry_in = ?delay, "the attempt failed: {why}");
                measure::job("retry");
                failpoint::pass("worker.retry.before");
                let settled = database.settle_retry(claim, &refusal, delay).await;
                failpoint::pass("worker.retry.committed");
                settled
            }
            Verdict::Reject => {
                tracing::info!(code = %refusal.code, "the package is rejected: {why}");
                measure::job("rejected");
                failpoint::pass("worker.reject.before");
                let settled = database.settle_rejected(claim, &refusal).await;
                failpoint::pass("worker.reject.committed");
                settled
            }
            Verdict::GiveUp => {
                tracing::error!(code = %refusal.code, "the job is given up: {why}");
                measure::job("failed");
                failpoint::pass("worker.give_up.before");
                let settled = database.settle_failed(claim, &refusal).await;
                failpoint::pass("worker.give_up.committed");
                settled
            }
        };
        if let Err(error) = settled {
            tracing::warn!("the failed attempt could not be recorded; its lease will run out: {}", telemetry::chain(&error));
        }
    }
}

/// Hands a job back, its attempt not counted.
async fn release(worker: &Worker, claim: &Claim) {
    failpoint::pass("worker.release.before");
    let released = worker.context.database.release(claim, Duration::ZERO).await;
    failpoint::pass("worker.release.committed");
    if let Err(error) = released {
        tracing::warn!("the job could not be handed back; its lease will run out: {}", telemetry::chain(&error));
    }
}

async fn join_all(jobs: &mut JoinSet<()>) {
    while let Some(ended) = jobs.join_next().await {
        report_panic(ended);
    }
}

/// A job that panics keeps its lease until it runs out, and is tried again.
fn report_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!("a job ended by itself: {}", telemetry::chain(&error));
    }
}
