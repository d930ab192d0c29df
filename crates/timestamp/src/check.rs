//! What a token must be, beyond answering the request (spec 5.3): signed by a certificate it carries, made within that
//! certificate's time, under a chain that ends in a root we trust.
//!
//! NuGet on .NET reports most of these as one cryptographic exception; the numbers are those of the faults themselves.

use certificates::chain::{self, Chain, ChainStatus, Purpose};
use certificates::{Certificate, profile};
use model::{Code, NuCode};
use nuget_signature::reader::Element;
use nuget_signature::signer_info::DigestAlgorithm;
use nuget_signature::spec::tag;
use nuget_signature::timestamp_token::{self, TimestampToken};
use time::OffsetDateTime;

/// A fault of a token: code, NuGet's number, reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: Code,
    pub(crate) nu: Option<NuCode>,
    pub(crate) reason: String,
}

fn fault(code: Code, nu: u16, reason: impl Into<String>) -> Fault {
    Fault { code, nu: Some(NuCode(nu)), reason: reason.into() }
}

/// Checks `token` against `roots` at `now`, and gives its chain, the signer's certificate first and the root last.
pub(crate) fn token(token: &bytes::Bytes, roots: &[Certificate], now: OffsetDateTime) -> Result<Vec<Certificate>, Fault> {
    let token = timestamp_token::parse(token.clone()).map_err(|error| unreadable(&error))?;
    let signer = signer_certificate(&token)?;
    if let Some(problem) = profile::timestamping_problems(&signer, now).first() {
        return Err(fault(Code::TimestampCertificate, problem.0, profile::reason(*problem)));
    }
    if !has_sha2_digest(&token) {
        return Err(fault(Code::TimestampCertificate, 3024, "the token is signed with a digest that is not SHA-2"));
    }
    check_usage(&signer)?;
    if token.gen_time() < signer.not_before() || token.gen_time() >= signer.not_after() {
        let reason = format!(
            "the token's time {} lies outside the validity of the certificate that signed it ({} to {})",
            token.gen_time(),
            signer.not_before(),
            signer.not_after()
        );
        return Err(fault(Code::TimestampOutsideValidity, 3036, reason));
    }
    let extra: Vec<Certificate> = token.certificates().iter().filter_map(|der| Certificate::parse(der.clone()).ok()).collect();
    let chain = chain::build(&signer, &extra, roots, Purpose::TimeStamping, now);
    check_chain(&chain)?;
    Ok(chain.elements)
}

fn unreadable(error: &nuget_signature::error::Error) -> Fault {
    let nu = error.nu();
    let code = match nu.0 {
        3020 => Code::TimestampSignerMissing,
        3021 => Code::TimestampInvalid,
        _ => Code::TimestampMalformed,
    };
    Fault { code, nu: Some(nu), reason: error.to_string() }
}

fn signer_certificate(token: &TimestampToken) -> Result<Certificate, Fault> {
    Certificate::parse(token.signer_certificate().clone())
        .map_err(|error| fault(Code::TimestampInvalid, 3021, format!("the certificate that signed the token: {error}")))
}

fn has_sha2_digest(token: &TimestampToken) -> bool {
    matches!(token.signer().digest_algorithm(), DigestAlgorithm::Sha2(_))
}

/// RFC 3161 2.3: exactly one extended key usage extension, critical. That it has the purpose is the chain's to say.
fn check_usage(signer: &Certificate) -> Result<(), Fault> {
    let extensions = usage_extensions(signer.der()).unwrap_or_default();
    if extensions == [true] {
        return Ok(());
    }
    let reason = match extensions.len() {
        0 => "the certificate that signed the token has no extended key usage",
        1 => "the extended key usage of the certificate that signed the token is not critical",
        _ => "the certificate that signed the token has more than one extended key usage extension",
    };
    Err(Fault { code: Code::TimestampCertificate, nu: None, reason: reason.to_owned() })
}

/// Whether each extended key usage extension of a certificate is critical.
///
/// ```text
/// Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { …, [3] SEQUENCE OF Extension }, … }
/// Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
/// ```
fn usage_extensions(certificate: &[u8]) -> Result<Vec<bool>, nuget_signature::reader::Error> {
    let whole = Element::first(certificate)?.children()?;
    let signed = whole.first().map(Element::children).transpose()?.unwrap_or_default();
    let mut out = Vec::new();
    for list in signed.iter().filter(|part| part.tag == tag::constructed(3)) {
        for extensions in list.children()? {
            for extension in extensions.children()? {
                let parts = extension.children()?;
                if parts.first().is_some_and(|id| id.content() == EXTENDED_KEY_USAGE) {
                    out.push(parts.get(1).is_some_and(|critical| critical.tag == tag::BOOLEAN && critical.content() != [0]));
                }
            }
        }
    }
    Ok(out)
}

/// 2.5.29.37.
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x25];

fn check_chain(chain: &Chain) -> Result<(), Fault> {
    let Some(status) = chain.statuses.first() else { return Ok(()) };
    let root = || chain.last().map(Certificate::subject).unwrap_or_default();
    let reason = match status {
        ChainStatus::UntrustedRoot => format!("the chain ends in the root {:?}, which is not trusted for time stamps", root()),
        ChainStatus::PartialChain => format!("the chain is incomplete above {:?}", root()),
        ChainStatus::NotTimeValid => "a certificate of the chain is expired or not yet valid".to_owned(),
        ChainStatus::NotValidForUsage => "a certificate of the chain may not be used for time stamps".to_owned(),
        ChainStatus::NotSignatureValid
        | ChainStatus::InvalidBasicConstraints
        | ChainStatus::InvalidNameConstraints
        | ChainStatus::HasNotSupportedCriticalExtension
        | ChainStatus::Unreadable => format!("the chain is invalid: {}", status.name()),
    };
    Err(fault(Code::TimestampUntrusted, 3028, reason))
}
