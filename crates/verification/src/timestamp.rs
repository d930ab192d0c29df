//! Time stamps of one signature (spec 5.4, 6.4): all are read, the first counts.

use crate::loaded;
use crate::settings::{Policy, Settings};
use crate::verdict::{Issue, Level, Stop};
use certificates::{Certificate, ChainStatus, Purpose, chain, pem, profile};
use model::HashAlgorithm;
use nuget_signature::signer_info::{DigestAlgorithm, SignerInfo};
use nuget_signature::timestamp_token::{self, TimestampToken};
use time::OffsetDateTime;

/// The moments between which a signature was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) lower: OffsetDateTime,
    pub(crate) upper: OffsetDateTime,
}

impl Window {
    /// Without a usable time stamp, a signature counts as made now.
    pub(crate) fn now(now: OffsetDateTime) -> Self {
        Self { lower: now, upper: now }
    }

    pub(crate) fn of(token: &TimestampToken) -> Self {
        Self { lower: token.gen_time() - token.accuracy(), upper: token.gen_time() + token.accuracy() }
    }

    /// Whether it lies strictly inside a certificate's validity (spec 5.5).
    pub(crate) fn is_inside(&self, certificate: &Certificate) -> bool {
        self.upper < certificate.not_after() && self.lower > certificate.not_before()
    }
}

/// What the time stamps of a signature come to.
#[derive(Debug)]
pub(crate) enum Stamp {
    /// There is none.
    None,
    /// The first one is good.
    Good(Window),
    /// The first one is not.
    Bad,
}

/// Every token of a signature, read. One that cannot be read fails the whole verification.
pub(crate) fn read_all(signer: &SignerInfo) -> Result<Vec<(TimestampToken, Vec<Certificate>)>, Stop> {
    signer
        .timestamps()
        .into_iter()
        .map(|token| {
            let token = timestamp_token::parse(token)?;
            let certificates = loaded::read_all(token.certificates())?;
            Ok((token, certificates))
        })
        .collect()
}

/// Evaluates the first token, which must be about `signature_value`.
pub(crate) fn evaluate(
    tokens: &[(TimestampToken, Vec<Certificate>)],
    signature_value: Option<&[u8]>,
    settings: &Settings,
    policy: &Policy,
    issues: &mut Vec<Issue>,
) -> Result<Stamp, Stop> {
    let Some((token, certificates)) = tokens.first() else {
        issues.push(Issue::new(Level::Warning, 3027, "the signature has no time stamp"));
        return Ok(Stamp::None);
    };
    let level = if policy.allow_ignore_timestamp { Level::Warning } else { Level::Error };
    let certificate = loaded::find(token.signer(), token.certificates(), certificates)
        .ok_or_else(|| Stop::Signature(model::NuCode(3020), "the time stamp's signer certificate is not in the token".to_owned()))?;
    if !certificate.has_readable_times() {
        return Err(Stop::unreadable("the time-stamping certificate's validity cannot be read"));
    }
    let problems = problems(token, &certificate, signature_value, settings.now);
    if !problems.is_empty() {
        issues.extend(problems.into_iter().map(|(code, message)| Issue::new(level, code, message)));
        return Ok(Stamp::Bad);
    }
    let chain = chain::build(&certificate, certificates, &settings.roots.timestamping, Purpose::TimeStamping, settings.now);
    if chain.has(ChainStatus::Unreadable) {
        return Err(Stop::unreadable("a certificate of the time stamp's chain cannot be read"));
    }
    let mut good = true;
    for status in &chain.statuses {
        let level = match status {
            ChainStatus::NotTimeValid => continue,
            ChainStatus::UntrustedRoot => Level::Error,
            _ => level,
        };
        good = false;
        issues.push(Issue::new(level, 3028, format!("the time stamp's certificate chain is not trusted: {}", status.name())));
        if *status == ChainStatus::UntrustedRoot {
            issues.extend(untrusted_root(&chain, "time stamping"));
        }
    }
    Ok(if good { Stamp::Good(Window::of(token)) } else { Stamp::Bad })
}

/// What is wrong with a token itself and its certificate, before any chain: NuGet's number and a sentence each.
pub(crate) fn problems(
    token: &TimestampToken,
    certificate: &Certificate,
    signature_value: Option<&[u8]>,
    now: OffsetDateTime,
) -> Vec<(u16, &'static str)> {
    let mut out: Vec<(u16, &'static str)> =
        profile::timestamping_problems(certificate, now).into_iter().map(|code| (code.0, profile::reason(code))).collect();
    if !matches!(token.signer().digest_algorithm(), DigestAlgorithm::Sha2(_)) {
        out.push((3024, "the time stamp is signed with a digest that is not SHA-2"));
    }
    match HashAlgorithm::from_oid_octets(token.imprint_algorithm()) {
        Some(algorithm) => {
            if signature_value.is_none_or(|value| algorithm.digest(value).as_bytes() != token.imprint_digest()) {
                out.push((3019, "the time stamp is about another signature"));
            }
        }
        None => out.push((3030, "the time stamp's imprint is not made with SHA-2")),
    }
    if !(certificate.not_before() <= token.gen_time() && token.gen_time() < certificate.not_after()) {
        out.push((3036, "the time stamp was made outside the validity of its certificate"));
    }
    out
}

/// NU3042: which root one would have to trust.
pub(crate) fn untrusted_root(chain: &chain::Chain, purpose: &str) -> Option<Issue> {
    let root = chain.last()?;
    Some(Issue::new(
        Level::Warning,
        3042,
        format!("this root is not trusted for {purpose}: {}\n{}", root.subject(), pem::encode(root.der())),
    ))
}
