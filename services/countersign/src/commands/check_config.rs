//! `countersign check-config`: reads and checks, starts nothing.

use crate::cli::Common;
use crate::config::Mode;
use anyhow::Result;
use std::process::ExitCode;

pub(crate) fn run(common: &Common) -> Result<ExitCode> {
    let settings = super::settings(common)?;
    for file in &settings.signing.timestamp_trusted_roots {
        crate::trust::add_files(&mut crate::trust::of_the_machine(), std::slice::from_ref(file))?;
    }
    if let Some(folder) = &settings.feed.trusted_roots {
        crate::trust::from_folder(folder)?;
    }
    println!("the configuration is fine");
    for key in &settings.ignored {
        println!("note: {key} changes nothing here");
    }
    match &settings.signing.mode {
        Mode::Null => println!("note: signing is off (Signing:Mode is Null): packages are served as they came"),
        Mode::SelfSigned(_) => {
            if settings.signing.certificate_password.is_none() {
                println!("note: the self-signed certificate's PFX has no password; only the folder's mode protects it (Signing:CertificatePasswordSecret)");
            }
            if !settings.feed.clients_trust_certificates {
                println!("note: allRepositorySigned stays false: clients do not know a self-signed certificate (Feed:ClientsTrustCertificates)");
            }
        }
        Mode::StoredCertificate(_) => {}
    }
    if settings.signing.is_on() && settings.signing.timestamp_url.is_none() {
        println!("note: signatures carry no time-stamp, and end with their certificate (Signing:TimestampServerUrl)");
    }
    if settings.feed.public_base_url.is_none() {
        println!("note: Feed:PublicBaseUrl is not set: signatures name https://localhost:PORT/v3/index.json");
    }
    Ok(ExitCode::SUCCESS)
}
