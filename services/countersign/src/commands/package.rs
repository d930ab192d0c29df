//! `countersign package show`: what the feed knows of a package.

use crate::cli::Common;
use anyhow::{Result, bail};
use model::{NuGetVersion, PackageId, PackageIdentity};
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn show(common: &Common, id: &str, version: &str, as_json: bool) -> Result<ExitCode> {
    let settings = super::settings(common)?;
    let identity = PackageIdentity { id: PackageId::parse(id)?, version: NuGetVersion::parse(version)? };
    super::ask(async {
        let database = super::database(&settings).await?;
        let Some(view) = database.find(&identity).await? else { bail!("the feed has no package {id} {version}") };
        let reason = view.job.refusal.as_ref().map(ToString::to_string);
        let signature = view.signature.as_ref();
        let shown = json!({
            "id": view.package.identity.id.as_str(),
            "version": view.package.identity.version.normalized(),
            "state": view.job.state.as_str(),
            "reason": reason,
            "code": view.job.refusal.as_ref().map(|r| r.code.as_str()),
            "attempts": view.job.attempts,
            "visible": view.package.visible,
            "arrival": view.package.arrival,
            "size": view.package.size,
            "received_sha256": view.package.received.to_hex(),
            "unsigned_sha256": view.package.unsigned.sha256().to_hex(),
            "incoming": view.package.incoming,
            "signed": signature.and_then(|s| s.signed.clone()),
            "fingerprint": signature.map(|s| s.fingerprint.to_uppercase()),
        });
        if as_json {
            println!("{shown}");
        } else if let Some(fields) = shown.as_object() {
            for (name, value) in fields.iter().filter(|f| !f.1.is_null()) {
                println!("{name:16} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}
