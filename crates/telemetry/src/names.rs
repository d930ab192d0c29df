//! Every metric: its name, kind and meaning. Labels come from closed sets, never from ids.

/// What kind of metric a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution, in the unit of its name.
    Histogram,
}

macro_rules! metrics {
    ($($constant:ident = $name:literal, $kind:ident, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $constant: &str = $name;)*
        /// All of them.
        pub const ALL: &[(&str, Kind, &str)] = &[$(($name, Kind::$kind, $meaning)),*];
    };
}

metrics! {
    BUILD_INFO = "countersign_build_info", Gauge, "Always 1; the label `version` says which build runs.";
    HTTP_REQUESTS = "countersign_http_requests_total", Counter, "HTTP requests by `route`, `status` and, for refusals, `code`.";
    HTTP_SECONDS = "countersign_http_request_seconds", Histogram, "Time until an HTTP answer begins, by `route`.";
    PUSHES = "countersign_pushes_total", Counter, "Pushes by `outcome` (signed, accepted or the code of a refusal).";
    SPOOL_BYTES = "countersign_spool_bytes", Gauge, "Bytes of uploads on the spool now.";
    JOBS = "countersign_jobs_total", Counter, "Attempts at jobs by `outcome` (signed, kept, rejected, retry, failed, lease_lost).";
    JOBS_PENDING = "countersign_jobs_pending", Gauge, "Jobs that wait, by `lane`.";
    JOB_AGE_SECONDS = "countersign_job_oldest_age_seconds", Gauge, "Age of the oldest pending job, the dormant lane apart.";
    STEP_SECONDS = "countersign_job_step_seconds", Histogram, "Time of a job's steps by `step` (claim, read, key, timestamp, verify, settle, write_back).";
    LEASES_LOST = "countersign_leases_lost_total", Counter, "Results dropped because another worker had the job by then.";
    SIGNATURES = "countersign_signatures_total", Counter, "Signatures published, by `certificate` (first 16 digits of its SHA-256 fingerprint).";
    KEY_OPERATIONS = "countersign_key_operations_total", Counter, "Private-key operations by `outcome`.";
    CERTIFICATE_DAYS = "countersign_certificate_expires_days", Gauge, "Days until the signing certificate ends, by `certificate`.";
    TIMESTAMPS = "countersign_timestamps_total", Counter, "Requests to time-stamping authorities by `outcome` (ok or the code of the failure).";
    DOWNLOADS = "countersign_downloads_total", Counter, "Package downloads by `source` (blob, splice, unsigned).";
    WRITE_BACKS = "countersign_write_backs_total", Counter, "Signed blobs written, by `outcome`.";
    ALL_REPOSITORY_SIGNED = "countersign_all_repository_signed", Gauge, "1 while the repository-signatures document says true.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ours_and_say_their_unit_or_count() {
        for (name, kind, _) in ALL {
            assert!(name.starts_with("countersign_"), "{name}");
            assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
        }
    }
}
