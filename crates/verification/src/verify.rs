//! NuGet's verification as a whole (spec 6.2, 6.3).

use crate::loaded::Loaded;
use crate::settings::{Policy, Settings};
use crate::verdict::{Issue, Level, Outcome, Status, Stop, Verdict};
use crate::{allow_list, integrity, notes, trust};
use model::{Code, NuCode, Refusal};
use nupkg::ReadAt;
use nupkg::nuget_view::{self, Fault, Gate};

/// What NuGet 7.9 says of a package under these settings, revocation offline and nothing fetched.
///
/// A missing intermediate is where that differs: NuGet may fetch it (spec 5.6).
pub fn verify(source: &dyn ReadAt, settings: &Settings) -> Verdict {
    let policy = settings.mode.policy();
    let gate = match nuget_view::open(source) {
        Ok(gate) => gate,
        Err(fault) => return Verdict::failed(refusal(&fault)),
    };
    let mut verdict = match gate {
        Gate::Unsigned => {
            let issues = if policy.allow_unsigned { Vec::new() } else { vec![Issue::new(Level::Error, 3004, "the package is not signed")] };
            Verdict { valid: policy.allow_unsigned, signed: false, issues, error: None, content_hash: None, notes: Vec::new() }
        }
        Gate::Signed => match signed(source, settings, &policy) {
            Ok(outcomes) => Verdict {
                valid: outcomes.iter().all(|outcome| outcome.status == Status::Valid),
                signed: true,
                issues: outcomes.into_iter().flat_map(|outcome| outcome.issues).collect(),
                error: None,
                content_hash: None,
                notes: Vec::new(),
            },
            // Whatever the providers had found until then is dropped with it (spec 6.2).
            Err(Stop::Signature(code, message)) => {
                let level = if policy.allow_illegal { Level::Warning } else { Level::Error };
                let issues = vec![Issue { level, code, message }];
                Verdict { valid: policy.allow_illegal, signed: true, issues, error: None, content_hash: None, notes: Vec::new() }
            }
            Err(Stop::Failure(refusal)) => return Verdict { signed: true, ..Verdict::failed(refusal) },
        },
    };
    verdict.content_hash = nuget_view::content_hash(source).ok();
    verdict.notes = notes::notes(source);
    verdict
}

fn signed(source: &dyn ReadAt, settings: &Settings, policy: &Policy) -> Result<Vec<Outcome>, Stop> {
    let p7s = nuget_view::signature_bytes(source).map_err(|fault| match fault {
        Fault::SignatureEntry(fault) => Stop::Signature(NuCode(3005), format!("the signature entry is invalid: {fault}")),
        fault => Stop::Failure(refusal(&fault)),
    })?;
    let loaded = Loaded::parse(p7s)?;
    let mut outcomes = vec![
        integrity::check(source, loaded.signature.content()),
        allow_list::check_trusted(&loaded, &settings.trusted, policy)?,
        trust::check(&loaded, settings, policy)?,
    ];
    if !settings.fingerprints.is_empty() {
        outcomes.push(allow_list::check_fingerprints(&loaded, &settings.fingerprints, policy)?);
    }
    Ok(outcomes)
}

/// Our words for what ends in an exception without a number.
fn refusal(fault: &Fault) -> Refusal {
    match fault {
        Fault::SignatureEntry(_) => Refusal::nu(Code::SignatureEntryInvalid, 3005, fault.to_string()),
        _ => Refusal::new(Code::ZipMalformed, fault.to_string()),
    }
}
