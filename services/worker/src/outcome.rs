//! What becomes of a job after an attempt that failed: one match, without a wildcard.

use crate::config::WorkerConfig;
use crate::failure::Failure;
use model::job::JobId;
use model::retry::Retry;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What to do about a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Somebody else has the job by now: nothing is written.
    Drop,
    /// Try again after this delay.
    Retry(Duration),
    /// The package's fault, for good.
    Reject,
    /// Ours, and attempts are spent.
    GiveUp,
}

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The lease is lost.
    Lease,
    /// The package's.
    Package,
    /// Something outside that may come back; perhaps with a word about when.
    Outside(Option<Duration>),
    /// Ours: trying again may help, but not for ever.
    Ours,
    /// Ours, and there is no trying again.
    Hopeless,
}

/// Faults of ours by job, in this process: what somebody else's outage cost in attempts must not count among them. A restart forgets
/// them, and then the limit on all attempts still holds.
#[derive(Debug, Default)]
pub(crate) struct OwnFaults(Mutex<HashMap<JobId, u32>>);

impl OwnFaults {
    /// Counts `failure` when it is ours; how many there have been of the job.
    pub(crate) fn count(&self, job: JobId, failure: &Failure) -> u32 {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if fault(failure) == Fault::Ours {
            let count = faults.entry(job).or_default();
            *count += 1;
            return *count;
        }
        faults.get(&job).copied().unwrap_or(0)
    }

    /// The job has ended.
    pub(crate) fn forget(&self, job: JobId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&job);
    }
}

/// The verdict on `failure` of the job's attempt number `attempt`, with `faults` faults of ours among them.
pub(crate) fn verdict(failure: &Failure, job: JobId, attempt: u32, faults: u32, config: &WorkerConfig) -> Verdict {
    let usual = config.backoff.delay(attempt);
    match fault(failure) {
        Fault::Lease => Verdict::Drop,
        Fault::Package => Verdict::Reject,
        Fault::Outside(_) if attempt >= config.attempts_max => Verdict::GiveUp,
        // Never sooner than somebody asked, and never so late that a short outage leaves a long tail.
        Fault::Outside(asked) => Verdict::Retry(spread(asked.map_or(usual, |asked| asked.max(config.backoff.first)), job)),
        Fault::Hopeless => Verdict::GiveUp,
        Fault::Ours if faults >= config.faults_max || attempt >= config.attempts_max => Verdict::GiveUp,
        Fault::Ours => Verdict::Retry(spread(usual, job)),
    }
}

/// Up to a quarter longer, so that what failed together does not come back together.
fn spread(delay: Duration, job: JobId) -> Duration {
    let sixteenth = u32::try_from(job.0.rem_euclid(16)).unwrap_or(0);
    delay + delay / 64 * sixteenth
}

fn fault(failure: &Failure) -> Fault {
    match failure {
        Failure::Store(error) => match error.kind() {
            storage::ErrorKind::Changed => Fault::Ours,
            storage::ErrorKind::NotFound
            | storage::ErrorKind::Refused
            | storage::ErrorKind::Unavailable
            | storage::ErrorKind::Misconfigured => Fault::Outside(None),
            storage::ErrorKind::Internal => Fault::Ours,
        },
        Failure::Package(nupkg::Error::Read(_)) => Fault::Ours,
        Failure::Package(_) | Failure::Signature(_) | Failure::Refused(_) => Fault::Package,
        Failure::Signing(error) => signing_fault(error),
        Failure::Credential(_) | Failure::Slow(..) => Fault::Outside(None),
        Failure::Changed | Failure::Verification(_) | Failure::Thread(_) | Failure::Injected(_) => Fault::Ours,
        Failure::Spent(_) => Fault::Hopeless,
        Failure::Database(error) => match error.kind() {
            database::ErrorKind::LeaseLost => Fault::Lease,
            // The certificate was taken off the list between the look and the intent.
            database::ErrorKind::Conflict => Fault::Outside(None),
            database::ErrorKind::Unavailable | database::ErrorKind::TimedOut | database::ErrorKind::Misconfigured => Fault::Outside(None),
            database::ErrorKind::NotFound | database::ErrorKind::Internal => Fault::Ours,
        },
    }
}

fn signing_fault(error: &signing::Error) -> Fault {
    match error {
        signing::Error::Refused(_) | signing::Error::Package(_) | signing::Error::Signature(_) | signing::Error::NothingToCut => {
            Fault::Package
        }
        signing::Error::Assembly(_) => match error.retry() {
            Retry::Never => Fault::Package,
            Retry::Backoff | Retry::After(_) => Fault::Ours,
        },
        // A key that refuses is an operator's to mend, not the package's fault.
        signing::Error::Key(_) | signing::Error::OutsideValidity { .. } | signing::Error::KeyMismatch | signing::Error::Certificate(_) => {
            Fault::Outside(None)
        }
        signing::Error::Timestamp(error) => match error.retry() {
            Retry::After(wait) => Fault::Outside(Some(wait)),
            Retry::Backoff | Retry::Never => Fault::Outside(None),
        },
        signing::Error::DigestUnknown(_) => Fault::Ours,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Code, Refusal};

    fn config() -> WorkerConfig {
        WorkerConfig::new("w", "https://feed.example/v3/index.json")
    }

    fn stamp(wait: Option<u64>) -> Failure {
        let error = timestamp::Error::new("a", Code::TimestampBusy, "it answered 503").after(wait.map(Duration::from_secs));
        Failure::Signing(error.into())
    }

    #[test]
    fn the_first_retry_of_a_time_stamp_comes_within_fifteen_seconds() {
        for job in 0..16 {
            let Verdict::Retry(delay) = verdict(&stamp(None), JobId(job), 1, 0, &config()) else { panic!("not retried") };
            assert!(delay >= Duration::from_secs(2) && delay <= Duration::from_secs(3), "{delay:?}");
        }
        assert_eq!(verdict(&stamp(Some(7)), JobId(0), 1, 0, &config()), Verdict::Retry(Duration::from_secs(7)));
    }

    #[test]
    fn the_package_is_blamed_for_its_own_faults_alone() {
        let refusal = || Refusal::new(Code::UpstreamSignatureRefused, "no");
        let of = |failure: &Failure, attempt| verdict(failure, JobId(0), attempt, 0, &config());
        assert_eq!(of(&Failure::Refused(refusal()), 1), Verdict::Reject);
        assert_eq!(of(&Failure::Signature(nuget_signature::error::Error::ContentVersion), 1), Verdict::Reject);
        assert_eq!(of(&Failure::Verification(refusal()), 4), Verdict::Retry(Duration::from_secs(16)));
        assert_eq!(of(&Failure::Verification(refusal()), 1000), Verdict::GiveUp);
        assert_eq!(of(&stamp(None), 999), Verdict::Retry(Duration::from_secs(60)));
        assert_eq!(of(&stamp(None), 1000), Verdict::GiveUp);
        let key = keys::Error::new(keys::ErrorKind::Refused, "no");
        assert_eq!(of(&Failure::Signing(key.into()), 5), Verdict::Retry(Duration::from_secs(32)));
    }
    #[test]
    fn an_outage_of_others_leaves_the_faults_of_ours_their_number() {
        let (faults, job) = (OwnFaults::default(), JobId(7));
        let ours = Failure::Verification(Refusal::new(Code::VerificationFailed, "no"));
        let of = |failure: &Failure, attempt| verdict(failure, job, attempt, faults.count(job, failure), &config());
        for attempt in 1..=20 {
            assert!(matches!(of(&stamp(None), attempt), Verdict::Retry(_)));
        }
        for attempt in 21..=24 {
            assert!(matches!(of(&ours, attempt), Verdict::Retry(_)), "{attempt}");
        }
        assert_eq!(of(&ours, 25), Verdict::GiveUp);
        faults.forget(job);
        assert!(matches!(of(&ours, 26), Verdict::Retry(_)));
    }
}
