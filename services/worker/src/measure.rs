//! The worker's metrics, in one place. Labels come from closed sets.

use model::Code;
use std::time::Duration;
use telemetry::names;
use tokio::time::Instant;

/// Runs a step and measures its time.
pub(crate) async fn step<T>(name: &'static str, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let result = work.await;
    metrics::histogram!(names::STEP_SECONDS, "step" => name).record(begun.elapsed().as_secs_f64());
    result
}

pub(crate) fn job(outcome: &'static str) {
    metrics::counter!(names::JOBS, "outcome" => outcome).increment(1);
}

pub(crate) fn lease_lost() {
    metrics::counter!(names::LEASES_LOST).increment(1);
}

pub(crate) fn key_operation(outcome: &'static str) {
    metrics::counter!(names::KEY_OPERATIONS, "outcome" => outcome).increment(1);
}

pub(crate) fn time_stamp(failed: Option<Code>) {
    metrics::counter!(names::TIMESTAMPS, "outcome" => failed.map_or("ok", Code::as_str)).increment(1);
}

pub(crate) fn signature(fingerprint: &str) {
    metrics::counter!(names::SIGNATURES, "certificate" => short(fingerprint)).increment(1);
}

pub(crate) fn write_back(outcome: &'static str) {
    metrics::counter!(names::WRITE_BACKS, "outcome" => outcome).increment(1);
}

pub(crate) fn certificate_days(fingerprint: &str, left: time::Duration) {
    metrics::gauge!(names::CERTIFICATE_DAYS, "certificate" => short(fingerprint)).set(left.as_seconds_f64() / 86_400.0);
}

pub(crate) fn pending(lane: &'static str, jobs: u64) {
    #[expect(clippy::cast_precision_loss, reason = "a gauge; nobody has 2^52 jobs")]
    metrics::gauge!(names::JOBS_PENDING, "lane" => lane).set(jobs as f64);
}

pub(crate) fn oldest(age: Duration) {
    metrics::gauge!(names::JOB_AGE_SECONDS).set(age.as_secs_f64());
}

/// One certificate of few: enough digits to tell them apart.
fn short(fingerprint: &str) -> String {
    fingerprint.chars().take(16).collect()
}
