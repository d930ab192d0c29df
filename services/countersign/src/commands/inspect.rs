//! `countersign inspect`: what signatures a file carries. Judges nothing.

use crate::cli::Inspect;
use anyhow::{Context as _, Result};
use model::HashAlgorithm;
use nuget_signature::parse::PrimarySignature;
use nupkg::{Layout, Limits};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use verification::{Description, SignatureDescription};

pub(crate) fn run(words: &Inspect) -> Result<ExitCode> {
    let mut worst = ExitCode::SUCCESS;
    for file in &words.files {
        match describe(file) {
            Ok(found) if words.json => println!("{found}"),
            Ok(found) => print!("{}", for_people(&found)),
            Err(error) => {
                eprintln!("countersign: {}: {error:#}", file.display());
                worst = ExitCode::FAILURE;
            }
        }
    }
    Ok(worst)
}

fn describe(file: &Path) -> Result<Value> {
    let (_, source) = crate::files::open(file)?;
    let layout = Layout::read(&source, &Limits::default())?;
    let whole = nupkg::digest(&source, &model::Splice::whole(layout.size()), &[HashAlgorithm::Sha256])?.sha256();
    let unsigned = nupkg::digest(&source, &layout.unsigned_form()?, &[HashAlgorithm::Sha256, HashAlgorithm::Sha512])?;
    let signature = if layout.is_signed() {
        let p7s = layout.signature_bytes(&source, &Limits::default())?;
        let parsed = PrimarySignature::parse(p7s).context("the signature cannot be read")?;
        Some(verification::describe(&parsed)?)
    } else {
        None
    };
    Ok(json!({
        "file": file.display().to_string(),
        "size": layout.size(),
        "entries": layout.entries().len(),
        "signed": signature.is_some(),
        "sha256": whole.to_hex(),
        "unsignedSha256": unsigned.sha256().to_hex(),
        "contentHash": unsigned.by(HashAlgorithm::Sha512).map(|d| d.to_base64()),
        "signature": signature.as_ref().map(signature_json),
    }))
}

fn date(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

fn signature_json(found: &Description) -> Value {
    json!({
        "primary": part_json(&found.primary),
        "signedHashAlgorithm": found.hash_algorithm.name(),
        "signedHash": found.signed_hash,
        "countersignature": found.countersignature.as_ref().map(part_json),
        "otherCountersignatures": found.other_countersignatures,
        "certificates": found.certificates.iter().map(|c| json!({"fingerprint": c.fingerprint, "subject": c.subject, "issuer": c.issuer,
            "notBefore": date(c.not_before), "notAfter": date(c.not_after)})).collect::<Vec<_>>(),
    })
}

fn part_json(part: &SignatureDescription) -> Value {
    json!({
        "type": part.kind.name(),
        "fingerprint": part.certificate.as_ref().map(|c| c.fingerprint.clone()),
        "subject": part.certificate.as_ref().map(|c| c.subject.clone()),
        "issuer": part.certificate.as_ref().map(|c| c.issuer.clone()),
        "notBefore": part.certificate.as_ref().map(|c| date(c.not_before)),
        "notAfter": part.certificate.as_ref().map(|c| date(c.not_after)),
        "digest": part.digest,
        "serviceIndex": part.service_index,
        "owners": part.owners,
        "timestamps": part.timestamps.iter().map(|t| json!({
            "time": date(t.time),
            "accuracySeconds": t.accuracy.as_seconds_f64(),
            "fingerprint": t.certificate.as_ref().map(|c| c.fingerprint.clone()),
            "subject": t.certificate.as_ref().map(|c| c.subject.clone()),
        })).collect::<Vec<_>>(),
    })
}

fn for_people(found: &Value) -> String {
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let mut out = format!("{}\n", text(&found["file"]));
    for (label, key) in [
        ("size", "size"),
        ("entries", "entries"),
        ("SHA-256", "sha256"),
        ("unsigned form", "unsignedSha256"),
        ("content hash", "contentHash"),
    ] {
        out += &format!("  {label:14} {}\n", text(&found[key]));
    }
    let signature = &found["signature"];
    if signature.is_null() {
        return out + "  not signed\n";
    }
    out += &format!("  {:14} {} {}\n", "signed hash", text(&signature["signedHashAlgorithm"]), text(&signature["signedHash"]));
    for (title, part) in [("primary signature", &signature["primary"]), ("repository countersignature", &signature["countersignature"])] {
        if part.is_null() {
            continue;
        }
        out += &format!("  {title}: {}\n", text(&part["type"]));
        for (label, key) in [
            ("certificate", "fingerprint"),
            ("subject", "subject"),
            ("issuer", "issuer"),
            ("valid from", "notBefore"),
            ("valid until", "notAfter"),
            ("digest", "digest"),
            ("service index", "serviceIndex"),
        ] {
            if !part[key].is_null() {
                out += &format!("    {label:14} {}\n", text(&part[key]));
            }
        }
        let owners: Vec<String> = part["owners"].as_array().into_iter().flatten().map(text).collect();
        if !owners.is_empty() {
            out += &format!("    {:14} {}\n", "owners", owners.join(", "));
        }
        for stamp in part["timestamps"].as_array().into_iter().flatten() {
            out += &format!("    {:14} {} by {}\n", "time-stamp", text(&stamp["time"]), text(&stamp["subject"]));
        }
    }
    for certificate in signature["certificates"].as_array().into_iter().flatten() {
        out += &format!("  carries        {} {}\n", text(&certificate["fingerprint"]), text(&certificate["subject"]));
    }
    out
}
