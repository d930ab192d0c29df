//! What is configured, checked.

use model::retry::Backoff;
use model::{Code, Refusal};
use nuget_signature::plan::UpstreamSignature;
use std::time::Duration;

/// Whether a package is read again, and its digest compared, before it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rehash {
    /// The digest computed at intake is believed, together with the pinned version of the blob.
    #[default]
    Never,
    /// The whole package is read again.
    Always,
}

/// The worker's configuration.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// This worker's name, in leases and audit rows.
    pub name: String,
    /// Whether a process of this name is the only one, so that what an earlier life of it had claimed is free again.
    pub ends_earlier_leases: bool,
    /// The service index that signatures name.
    pub service_index: String,
    /// The owners that signatures name.
    pub owners: Vec<String>,
    /// What becomes of other repositories' signatures.
    pub upstream: UpstreamSignature,
    /// Limits on what is read.
    pub limits: nupkg::Limits,
    /// Whether packages are read again before they are signed.
    pub rehash: Rehash,
    /// Jobs in hand at once. More than there are cores: most of a job's time is waiting.
    pub concurrency: usize,
    /// How long a claim lasts; extended while its job is being worked on.
    pub lease: Duration,
    /// For each read of the store.
    pub read_deadline: Duration,
    /// For each use of the key.
    pub key_deadline: Duration,
    /// For each time stamp, all authorities together.
    pub timestamp_deadline: Duration,
    /// For each write to the database.
    pub commit_deadline: Duration,
    /// For one write-back.
    pub write_back_deadline: Duration,
    /// Between attempts at one job.
    pub backoff: Backoff,
    /// Attempts that fail by somebody else's fault (key, authority, store) before the job is given up.
    pub attempts_max: u32,
    /// Attempts that fail by a fault of ours before the job is given up; somebody else's do not count among them.
    pub faults_max: u32,
    /// How often the credential is looked at and reported.
    pub heartbeat: Duration,
    /// A certificate that ends within this time is warned of.
    pub warn_before: time::Duration,
    /// How often blobs that no row names are looked for.
    pub sweep_every: Duration,
    /// A blob that no row names is deleted after this time.
    pub orphan_grace: Duration,
    /// How long jobs in hand may go on after the stop.
    pub grace: Duration,
}

impl WorkerConfig {
    /// The defaults of a worker of this name that signs for this service index.
    pub fn new(name: impl Into<String>, service_index: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ends_earlier_leases: false,
            service_index: service_index.into(),
            owners: Vec::new(),
            upstream: UpstreamSignature::default(),
            limits: nupkg::Limits::default(),
            rehash: Rehash::default(),
            concurrency: 32,
            lease: Duration::from_secs(120),
            read_deadline: Duration::from_secs(15),
            key_deadline: Duration::from_secs(20),
            timestamp_deadline: Duration::from_secs(30),
            commit_deadline: Duration::from_secs(15),
            write_back_deadline: Duration::from_secs(600),
            backoff: Backoff { first: Duration::from_secs(2), max: Duration::from_secs(60) },
            // With a minute between them, more than a night.
            attempts_max: 1000,
            faults_max: 5,
            heartbeat: Duration::from_secs(10),
            warn_before: time::Duration::days(30),
            sweep_every: Duration::from_secs(3600),
            orphan_grace: Duration::from_secs(24 * 3600),
            grace: Duration::from_secs(15),
        }
    }

    /// Refuses what cannot work: the deadlines of a job together must be shorter than its lease.
    pub fn check(&self) -> Result<(), Refusal> {
        let wrong = |reason: String| Err(Refusal::new(Code::ConfigurationInvalid, reason));
        // Reading (twice: a signature entry may lie apart), the key, the stamp; intent, kept value and settle.
        let steps = self.read_deadline * 2 + self.key_deadline + self.timestamp_deadline + self.commit_deadline * 2;
        if steps >= self.lease {
            return wrong(format!("the deadlines of a job add up to {steps:?}, which is not shorter than its lease of {:?}", self.lease));
        }
        if self.concurrency == 0 || self.attempts_max == 0 || self.faults_max == 0 {
            return wrong("a worker needs room for one job and one attempt at least".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit_together_and_a_short_lease_does_not() {
        let config = WorkerConfig::new("w", "https://feed.example/v3/index.json");
        assert_eq!(config.check(), Ok(()));
        let short = WorkerConfig { lease: Duration::from_secs(110), ..config };
        assert_eq!(short.check().unwrap_err().code, Code::ConfigurationInvalid);
    }
}
