//! `Limits`: every size, count and wait that outsiders can drive up.

use config::Section;
use std::time::Duration;

/// Every limit, with its default.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Largest package, in bytes. NuGet's format ends at 4 GiB.
    pub(crate) package_bytes: u64,
    /// All uploads on the spool together, in bytes.
    pub(crate) spool_bytes: u64,
    /// Pushes at once.
    pub(crate) concurrent_pushes: usize,
    /// Entries of a package.
    pub(crate) entries: usize,
    /// Bytes of the central directory.
    pub(crate) directory_bytes: u64,
    /// Bytes of an entry's name.
    pub(crate) name_bytes: usize,
    /// Bytes of the nuspec, inflated.
    pub(crate) nuspec_bytes: u64,
    /// Bytes of `.signature.p7s`.
    pub(crate) signature_bytes: u64,
    /// Bytes of a time-stamping authority's answer.
    pub(crate) timestamp_bytes: u64,
    /// How long a push may take to arrive.
    pub(crate) push_deadline: Duration,
    /// How long a download waits for a signature.
    pub(crate) sign_now_deadline: Duration,
    /// Downloads that wait for a signature, in all.
    pub(crate) sign_now_waiters: usize,
    /// Downloads that wait for a signature, of one client.
    pub(crate) sign_now_waiters_per_client: usize,
    /// Open connections per listener.
    pub(crate) connections: usize,
    /// Attempts at one job before it has failed.
    pub(crate) attempts: u32,
    /// Jobs in hand at once, per worker process.
    pub(crate) concurrent_jobs: usize,
}

impl Limits {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let count = |key: &str, default: u64, max: u64| section.integer(key, 1..=max).unwrap_or(default);
        let package_bytes = section.bytes("MaxPackageBytes", 1..=u64::from(u32::MAX)).unwrap_or(250 << 20);
        // Room for several of the largest: raising the one raises the other.
        let spool_bytes = section.bytes("MaxSpoolBytes", 1..=1 << 50).unwrap_or(package_bytes.saturating_mul(4).max(2 << 30));
        if spool_bytes < package_bytes {
            section.problem("MaxSpoolBytes", "is less than Limits:MaxPackageBytes: the largest packages could never be pushed");
        }
        Self {
            package_bytes,
            spool_bytes,
            concurrent_pushes: small(count("MaxConcurrentPushes", 64, 10_000)),
            entries: small(count("MaxEntries", 65_533, 65_533)),
            directory_bytes: section.bytes("MaxDirectoryBytes", 1_024..=1 << 30).unwrap_or(16 << 20),
            name_bytes: small(count("MaxNameBytes", 1_024, 65_535)),
            nuspec_bytes: section.bytes("MaxNuspecBytes", 1_024..=64 << 20).unwrap_or(1 << 20),
            signature_bytes: section.bytes("MaxSignatureBytes", 1_024..=64 << 20).unwrap_or(1 << 20),
            timestamp_bytes: section.bytes("MaxTimestampBytes", 1_024..=1 << 20).unwrap_or(64 << 10),
            push_deadline: section
                .duration("PushDeadline", Duration::from_secs(1)..=Duration::from_secs(86_400))
                .unwrap_or(Duration::from_secs(1_800)),
            sign_now_deadline: section
                .duration("SignNowDeadline", Duration::from_millis(1)..=Duration::from_secs(300))
                .unwrap_or(Duration::from_secs(20)),
            sign_now_waiters: small(count("MaxSignNowWaiters", 2_048, 100_000)),
            // A restore asks for its packages all at once, some hundreds of them at most.
            sign_now_waiters_per_client: small(count("MaxSignNowWaitersPerClient", 256, 100_000)),
            connections: small(count("MaxConnections", 1_024, 100_000)),
            attempts: u32::try_from(count("MaxAttempts", 1_000, 1_000_000)).unwrap_or(1_000),
            concurrent_jobs: small(count("MaxConcurrentJobs", 32, 1_024)),
        }
    }
}

/// A count that the range check has made small.
fn small(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
