//! `countersign check-config`: reads and checks, starts nothing.

use crate::cli::Common;
use crate::config::{Listener, Mode, OnFailure, Settings};
use crate::{credentials, trust};
use anyhow::{Context as _, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use web::{Server, ServerConfig, TlsFiles};

pub(crate) fn run(common: &Common) -> Result<ExitCode> {
    let settings = super::settings(common)?;
    let roots = trust::of_the_machine();
    trust::add_files(&mut roots.clone(), &settings.signing.timestamp_trusted_roots)?;
    if let Some(folder) = &settings.feed.trusted_roots {
        trust::from_folder(folder)?;
    }
    credentials::check(&settings, &roots).context("there is nothing to sign with")?;
    for (name, listener) in [("Http:Tls", &settings.listeners.http), ("Grpc:Tls", &settings.listeners.grpc)] {
        check_tls(listener).with_context(|| format!("{name} cannot be used"))?;
    }
    println!("the configuration is fine");
    for note in notes(&settings) {
        println!("note: {note}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads certificate and key as a listener does, on a port that nobody knows of and that is gone again at once.
fn check_tls(listener: &Listener) -> Result<()> {
    let Some(tls) = &listener.tls else { return Ok(()) };
    let files = TlsFiles { certificate: tls.certificate.clone(), key: tls.key.clone() };
    let config = ServerConfig { tls: Some(files), ..ServerConfig::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))) };
    super::ask(async { Ok(Server::bind(config).await.map(drop)?) })
}

/// What is right, and may surprise.
fn notes(settings: &Settings) -> Vec<String> {
    let (signing, feed) = (&settings.signing, &settings.feed);
    let mut notes: Vec<String> = settings.ignored.iter().map(|key| format!("{key} changes nothing here")).collect();
    let mut note = |text: &str| notes.push(text.to_owned());
    match &signing.mode {
        Mode::Null => note("signing is off (Signing:Mode is Null): packages are served as they came"),
        Mode::SelfSigned(_) if signing.certificate_password.is_none() => {
            note(
                "the self-signed certificate's PFX has no password; only the folder's mode protects it (Signing:CertificatePasswordSecret)",
            );
        }
        Mode::SelfSigned(_) | Mode::StoredCertificate(_) => {}
    }
    if signing.is_on() {
        if signing.timestamp_url.is_none() {
            note("signatures carry no time-stamp, and end with their certificate (Signing:TimestampServerUrl)");
        }
        if signing.on_failure == OnFailure::ServeUnsigned {
            note("allRepositorySigned stays false: packages may be served unsigned (Signing:OnFailure)");
        } else if !feed.clients_trust_certificates && feed.trusted_roots.is_none() {
            note(
                "allRepositorySigned stays false: nothing says that clients trust the certificates (Feed:ClientsTrustCertificates, Feed:TrustedRoots)",
            );
        }
    }
    if feed.public_base_url.is_none() {
        note("Feed:PublicBaseUrl is not set: signatures name https://localhost:PORT/v3/index.json");
        if settings.listeners.http.tls.is_none() {
            note(
                "the service index names no repository-signatures document: clients take it over https alone (Http:Tls, Feed:PublicBaseUrl)",
            );
        }
    }
    notes
}
