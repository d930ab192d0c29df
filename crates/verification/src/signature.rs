//! One signature held against a moment (spec 6.5).

use crate::settings::{Policy, Settings};
use crate::timestamp::{Window, untrusted_root};
use crate::verdict::{Issue, Level, Status, Stop};
use certificates::{Certificate, ChainStatus, Purpose, chain, profile};
use nuget_signature::check::check_signature;
use nuget_signature::signer_info::SignerInfo;

/// What is looked at.
#[derive(Debug)]
pub(crate) struct Signature<'a> {
    pub(crate) signer: &'a SignerInfo,
    /// What it signs: the content, or the primary signature's value.
    pub(crate) signed: &'a [u8],
    pub(crate) certificate: Option<Certificate>,
    /// The certificates beside it.
    pub(crate) others: &'a [Certificate],
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Result {
    pub(crate) status: Status,
    pub(crate) issues: Vec<Issue>,
    pub(crate) untrusted_root: bool,
    /// Outside its certificate's validity, whether or not that is held against it.
    pub(crate) expired: bool,
    /// The moments it counts as made between.
    pub(crate) window: Window,
}

impl Signature<'_> {
    pub(crate) fn check(&self, window: Window, settings: &Settings, policy: &Policy) -> std::result::Result<Result, Stop> {
        let mut result = Result { status: Status::Valid, issues: Vec::new(), untrusted_root: false, expired: false, window };
        let illegal = if policy.allow_illegal { Level::Warning } else { Level::Error };
        let illegal_status = if policy.allow_illegal { Status::Valid } else { Status::Disallowed };
        let Some(certificate) = &self.certificate else {
            result.issues.push(Issue::new(illegal, 3010, "the signer's certificate is not in the signature"));
            result.status = illegal_status;
            return Ok(result);
        };
        if let Err(error) = check_signature(self.signer, self.signed, certificate.der()) {
            result.issues.push(Issue::new(illegal, 3012, error.to_string()));
            result.status = illegal_status;
            return Ok(result);
        }
        if !certificate.has_readable_times() {
            return Err(Stop::unreadable("the signing certificate's validity cannot be read"));
        }
        let problems = profile::signing_problems(certificate, settings.now);
        if !problems.is_empty() {
            result.issues.extend(problems.into_iter().map(|code| Issue::new(illegal, code.0, profile::reason(code))));
            result.status = Status::Disallowed;
            return Ok(result);
        }
        // A match of `allowUntrustedRoot` is case-sensitive, and lets the whole signature be untrusted (spec 6.5, 6.7).
        let allow_untrusted = policy.allow_untrusted || is_listed_as_untrusted(certificate, settings);
        let untrusted = if allow_untrusted { Level::Warning } else { Level::Error };
        let chain = chain::build(certificate, self.others, &settings.roots.code_signing, Purpose::CodeSigning, window.upper);
        if chain.has(ChainStatus::Unreadable) {
            return Err(Stop::unreadable("a certificate of the chain cannot be read"));
        }
        for status in &chain.statuses {
            match status {
                ChainStatus::NotTimeValid | ChainStatus::UntrustedRoot => {}
                other => {
                    result.issues.push(Issue::new(illegal, 3012, format!("the certificate chain is invalid: {}", other.name())));
                    result.status = Status::Disallowed;
                }
            }
        }
        if chain.has(ChainStatus::UntrustedRoot) {
            if !is_listed_as_untrusted(certificate, settings) {
                result.issues.push(Issue::new(untrusted, 3018, "the certificate chain ends in a root that is not trusted"));
                result.issues.extend(untrusted_root(&chain, "signing packages"));
            }
            if !allow_untrusted {
                result.untrusted_root = true;
                result.status = Status::Disallowed;
            }
        }
        if !window.is_inside(certificate) {
            result.issues.push(Issue::new(untrusted, 3037, "the signature lies outside the validity of its certificate"));
            result.expired = true;
            if !allow_untrusted {
                result.status = Status::Disallowed;
            }
        }
        Ok(result)
    }
}

fn is_listed_as_untrusted(certificate: &Certificate, settings: &Settings) -> bool {
    settings.trusted.iter().any(|t| t.allow_untrusted_root && certificate.fingerprint(t.algorithm).to_hex_upper() == t.fingerprint)
}
