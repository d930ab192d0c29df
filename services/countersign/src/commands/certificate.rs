//! `countersign certificate list | deactivate`.

use crate::cli::Common;
use anyhow::{Context as _, Result, bail};
use database::CertificateRecord;
use serde_json::json;
use std::process::ExitCode;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(crate) fn list(common: &Common, as_json: bool) -> Result<ExitCode> {
    let settings = super::settings(common)?;
    super::ask(async {
        let database = super::database(&settings).await?;
        let certificates = database.certificates().await?;
        for certificate in &certificates {
            if as_json {
                println!("{}", to_json(certificate));
            } else {
                println!("{}", to_text(certificate));
            }
        }
        if certificates.is_empty() && !as_json {
            println!("no certificate has been announced yet");
        }
        Ok(ExitCode::SUCCESS)
    })
}

pub(crate) fn deactivate(common: &Common, fingerprint: &str, force: bool) -> Result<ExitCode> {
    let settings = super::settings(common)?;
    let fingerprint = fingerprint.replace(':', "").to_uppercase();
    if fingerprint.len() != 64 || !fingerprint.bytes().all(|b| b.is_ascii_hexdigit()) {
        bail!("{fingerprint:?} is not a SHA-256 fingerprint of 64 hexadecimal digits");
    }
    super::ask(async {
        let database = super::database(&settings).await?;
        let needed = database.packages_signed_by(&fingerprint).await?;
        if needed > 0 && !force {
            bail!("{needed} listed package(s) are signed by {fingerprint}; clients would refuse them. --force does it all the same");
        }
        let certificate = database.deactivate(&fingerprint, force).await.with_context(|| format!("{fingerprint} cannot be deactivated"))?;
        println!("{}", to_text(&certificate));
        Ok(ExitCode::SUCCESS)
    })
}

fn date(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

fn to_text(certificate: &CertificateRecord) -> String {
    let used = match (certificate.first_used, certificate.last_used) {
        (Some(first), Some(last)) => format!("used {} to {}", date(first), date(last)),
        _ => "not used yet".to_owned(),
    };
    format!(
        "{}\n  subject   {}\n  issuer    {}\n  valid     {} to {}\n  {}, {used}",
        certificate.fingerprint.to_uppercase(),
        certificate.subject,
        certificate.issuer,
        date(certificate.not_before),
        date(certificate.not_after),
        if certificate.active { "active" } else { "inactive" },
    )
}

fn to_json(certificate: &CertificateRecord) -> serde_json::Value {
    json!({
        "fingerprint": certificate.fingerprint.to_uppercase(),
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "notBefore": date(certificate.not_before),
        "notAfter": date(certificate.not_after),
        "announced": date(certificate.announced),
        "firstUsed": certificate.first_used.map(date),
        "lastUsed": certificate.last_used.map(date),
        "active": certificate.active,
    })
}
