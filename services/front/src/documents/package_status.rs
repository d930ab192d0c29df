//! `/v3/status/{id}/{version}`: how far a package is, and why it is not further.

use super::moment;
use database::JobRecord;
use model::PackageIdentity;
use serde::Serialize;

/// All fields always; null where there is nothing.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PackageStatus {
    id: String,
    version: String,
    state: &'static str,
    reason: Option<String>,
    code: Option<&'static str>,
    attempts: u32,
    /// When the next attempt is due, if that is not now.
    not_before: Option<String>,
}

impl PackageStatus {
    pub(crate) fn new(identity: &PackageIdentity, job: &JobRecord) -> Self {
        Self {
            id: identity.id.as_str().to_owned(),
            version: identity.version.normalized(),
            state: job.state.as_str(),
            reason: job.refusal.as_ref().map(ToString::to_string),
            code: job.refusal.as_ref().map(|r| r.code.as_str()),
            attempts: job.attempts,
            not_before: job.due_in.map(|_| moment(job.not_before)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use database::PackageKey;
    use model::job::{JobId, JobState, Lane};
    use model::{Code, NuGetVersion, PackageId, Refusal};
    use serde_json::{json, to_value};
    use std::time::Duration;
    use time::macros::datetime;

    #[test]
    fn a_job_that_was_put_off_says_why_and_until_when() {
        let at = datetime!(2025-01-01 00:00:00.5 UTC);
        let mut job = JobRecord {
            id: JobId(1),
            package: PackageKey(1),
            state: JobState::Pending,
            lane: Lane::Upload,
            not_before: at,
            due_in: Some(Duration::from_secs(3)),
            attempts: 2,
            leased_until: None,
            worker: None,
            refusal: Some(Refusal::nu(Code::TimestampImprint, 3019, "the token is for other data")),
            created: at,
            updated: at,
        };
        let identity = PackageIdentity { id: PackageId::parse("Bar.A").unwrap(), version: NuGetVersion::parse("1.0.0").unwrap() };
        assert_eq!(
            to_value(PackageStatus::new(&identity, &job)).unwrap(),
            json!({
                "id": "Bar.A", "version": "1.0.0", "state": "pending", "reason": "NU3019: the token is for other data",
                "code": "timestamp_imprint", "attempts": 2, "notBefore": "2025-01-01T00:00:00Z"
            })
        );
        (job.state, job.due_in, job.refusal) = (JobState::Signed, None, None);
        assert_eq!(
            to_value(PackageStatus::new(&identity, &job)).unwrap(),
            json!({
                "id": "Bar.A", "version": "1.0.0", "state": "signed", "reason": null, "code": null, "attempts": 2, "notBefore": null
            })
        );
    }
}
