//! Trust and validity of the primary signature, and of the repository countersignature where it counts (spec 6.4 to 6.6, third
//! provider).

use crate::loaded::Loaded;
use crate::settings::{Countersignatures, Policy, Settings};
use crate::signature::{Result as Checked, Signature};
use crate::timestamp::{self, Stamp, Window};
use crate::verdict::{Outcome, Status, Stop};
use bytes::Bytes;
use model::signature_kind::SignatureKind;
use nuget_signature::parse::PrimarySignature;

pub(crate) fn check(loaded: &Loaded, settings: &Settings, policy: &Policy) -> Result<Outcome, Stop> {
    let signature = &loaded.signature;
    let certificate = loaded.signer_certificate()?;
    let mut primary = with_timestamp(
        &Signature {
            signer: signature.signer(),
            signed: signature.signed_octets(),
            certificate: Some(certificate.clone()),
            others: &loaded.certificates,
        },
        |signature| signature.primary_timestamp_target().map(|value| Some(Bytes::copy_from_slice(value))),
        loaded,
        settings,
        policy,
    )?;

    let untrusted = primary.status != Status::Valid && primary.untrusted_root;
    let expired = primary.expired;
    let wanted = match policy.countersignatures {
        Countersignatures::IfPresent => true,
        Countersignatures::IfPresentAndNecessary => (untrusted || expired) && signature.kind() != SignatureKind::Repository,
    };
    // Asked in every mode: a countersigner that contradicts itself fails here.
    let present = signature.has_repository_countersignature()?;
    if !present || !wanted {
        return Ok(Outcome { status: primary.status, issues: primary.issues });
    }
    let Some(countersignature) = signature.repository_countersignature()? else {
        return Ok(Outcome { status: primary.status, issues: primary.issues });
    };
    let counter = with_timestamp(
        &Signature {
            signer: countersignature.signer(),
            signed: signature.signer().signature_value(),
            certificate: loaded.certificate_of(countersignature.signer()),
            others: &loaded.certificates,
        },
        |signature| signature.countersignature_timestamp_target(),
        loaded,
        settings,
        policy,
    )?;
    if counter.status == Status::Valid {
        let in_time = counter.window.is_inside(&certificate);
        if untrusted {
            primary.issues.retain(|issue| issue.code.0 != 3018);
        }
        if expired && in_time {
            primary.issues.retain(|issue| issue.code.0 != 3037);
        }
        if (untrusted || expired) && (!expired || in_time) {
            primary.status = Status::Valid;
        }
    }
    primary.issues.extend(counter.issues);
    Ok(Outcome { status: primary.status.min(counter.status), issues: primary.issues })
}

/// A signature with its time stamps. A bad time stamp that may not be ignored settles it, whatever else is wrong.
fn with_timestamp(
    signature: &Signature<'_>,
    stamped_value: impl Fn(&PrimarySignature) -> Result<Option<Bytes>, nuget_signature::error::Error>,
    loaded: &Loaded,
    settings: &Settings,
    policy: &Policy,
) -> Result<Checked, Stop> {
    let tokens = timestamp::read_all(signature.signer)?;
    let mut issues = Vec::new();
    let value = if tokens.is_empty() { None } else { stamped_value(&loaded.signature)? };
    let stamp = timestamp::evaluate(&tokens, value.as_deref(), settings, policy, &mut issues)?;
    let window = match stamp {
        Stamp::Good(window) => window,
        Stamp::None | Stamp::Bad => Window::now(settings.now),
    };
    let mut checked = signature.check(window, settings, policy)?;
    if matches!(stamp, Stamp::Bad) && !policy.allow_ignore_timestamp {
        checked.status = Status::Disallowed;
        checked.untrusted_root = false;
        checked.expired = false;
    }
    issues.append(&mut checked.issues);
    checked.issues = issues;
    Ok(checked)
}
