//! A signature described as `judge verify` describes it, in the order in which it asks.

use model::HashAlgorithm;
use nuget_signature::certificate::CertificateParts;
use nuget_signature::check::check_signature;
use nuget_signature::error::Error;
use nuget_signature::parse::PrimarySignature;
use nuget_signature::signer_info::SignerInfo;
use nuget_signature::{spec, timestamp_token};
use serde_json::{Value, json};

/// The judge's `signature` member without what is not read here.
pub(super) fn ours(p7s: &[u8]) -> Value {
    match describe(p7s) {
        Ok(description) => description,
        Err(error) => json!({ "code": error.nu().to_string() }),
    }
}

fn describe(p7s: &[u8]) -> Result<Value, Error> {
    let primary = PrimarySignature::parse(p7s.to_vec())?;
    let counter = if primary.has_repository_countersignature()? { primary.repository_countersignature()? } else { None };
    let part_of_primary = part(primary.signer(), &primary)?;
    let counter = match &counter {
        None => Value::Null,
        Some(counter) => {
            json!({ "part": part(counter.signer(), &primary)?, "serviceIndex": counter.service_index(), "owners": owners(counter.owners()) })
        }
    };
    let mut certificates: Vec<String> = primary.certificates().iter().map(|der| fingerprint(der)).collect();
    certificates.sort();
    Ok(json!({
        "type": primary.kind().name(),
        "contentHashAlgorithm": primary.content().algorithm.name(),
        "signedHash": primary.content().hash_base64,
        "primary": part_of_primary,
        "serviceIndex": primary.service_index(),
        "owners": owners(primary.owners()),
        "countersignature": counter,
        "certificates": certificates,
    }))
}

fn owners(owners: &[String]) -> Value {
    if owners.is_empty() { Value::Null } else { json!(owners) }
}

fn part(signer: &SignerInfo, primary: &PrimarySignature) -> Result<Value, Error> {
    let certificate = signer.find_certificate(primary.certificates())?.map(|at| &primary.certificates()[at]);
    let mut timestamps = Vec::new();
    for token in signer.timestamps() {
        let token = timestamp_token::parse(token)?;
        timestamps.push(json!({ "utc": utc(token.gen_time()), "fingerprint": fingerprint(token.signer_certificate()) }));
    }
    Ok(json!({
        "fingerprint": certificate.map(|der| fingerprint(der)),
        "subject": certificate.map(|der| model::distinguished_name::text(CertificateParts::read(der).unwrap().subject)),
        "digest": spec::oid_text(signer.digest_algorithm().oid()),
        "timestamps": timestamps,
    }))
}

fn fingerprint(der: &[u8]) -> String {
    HashAlgorithm::Sha256.digest(der).to_hex_upper()
}

/// As .NET writes a date: as many decimals as are not zero.
fn utc(time: time::OffsetDateTime) -> String {
    let whole = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    let ticks = format!("{:07}", time.nanosecond() / 100);
    match ticks.trim_end_matches('0') {
        "" => format!("{whole}Z"),
        decimals => format!("{whole}.{decimals}Z"),
    }
}

/// The judge's `signature` member in our terms; `None` where it says nothing about the CMS.
pub(super) fn theirs(signature: &Value) -> Option<Value> {
    if let Some(error) = signature.get("error") {
        return match (signature["code"].as_str(), error.as_str()?) {
            (Some("NU3005"), _) => None,
            (Some(code), _) => Some(json!({ "code": code })),
            (None, "System.Security.Cryptography.CryptographicException" | "System.Formats.Asn1.AsnContentException") => {
                Some(json!({ "code": "NU3003" }))
            }
            (None, other) => Some(json!({ "exception": other })),
        };
    }
    let mut signature = signature.clone();
    for part in ["/primary", "/countersignature/part"] {
        if let Some(part) = signature.pointer_mut(part).and_then(Value::as_object_mut) {
            part.remove("friendlyName");
        }
    }
    signature.is_object().then_some(signature)
}

/// Whether the signature check of the primary and of the repository countersignature succeed; `None` for a countersignature
/// that is absent or whose certificate is.
pub(super) fn checks(p7s: &[u8]) -> Option<(bool, Option<bool>)> {
    let primary = PrimarySignature::parse(p7s.to_vec()).ok()?;
    let good = check_signature(primary.signer(), primary.signed_octets(), primary.signer_certificate()).is_ok();
    let counter = primary.repository_countersignature().ok()?.and_then(|counter| {
        let certificate = counter.signer().certificate(primary.certificates())?;
        Some(check_signature(counter.signer(), primary.signer().signature_value(), certificate).is_ok())
    });
    Some((good, counter))
}

/// The same by the judge's messages; what it did not come to counts as good. `None` when it could not verify at all (a
/// certificate with a date that is none, for example).
pub(super) fn their_checks(answer: &Value) -> Option<(bool, bool)> {
    if answer["codes"].as_array().is_some_and(|codes| codes.iter().any(|code| code == "E:NU3003")) {
        return None;
    }
    let said = |what: &str| {
        answer["issues"].as_array().is_some_and(|issues| {
            issues.iter().any(|issue| {
                issue["code"] == "NU3012"
                    && issue["message"].as_str().is_some_and(|message| message.ends_with("validation failed.") && message.contains(what))
            })
        })
    };
    Some((!said("primary signature"), !said("countersignature")))
}
