//! One file a verb.

pub(crate) mod certificate;
pub(crate) mod check_config;
pub(crate) mod inspect;
pub(crate) mod migrate;
pub(crate) mod package;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod unsign;
pub(crate) mod verify;

use crate::cli::{CertificateVerb, Cli, Common, PackageVerb, Verb};
use crate::config::{Overrides, Settings};
use anyhow::{Context as _, Result};
use database::{Database, DatabaseConfig};
use std::process::ExitCode;

/// The command line, or a file that it names, is wrong.
pub(crate) const USAGE: u8 = 2;

/// Does what the command line says; the exit code is the verb's own.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    match cli.verb {
        Verb::Serve(words) => serve::run(&words),
        Verb::Sign(words) => sign::run(&words),
        Verb::Unsign(words) => unsign::run(&words),
        Verb::Verify(words) => verify::run(&words),
        Verb::Inspect(words) => inspect::run(&words),
        Verb::Package(words) => match words.verb {
            PackageVerb::Show { common, id, version, json } => package::show(&common, &id, &version, json),
        },
        Verb::Certificate(words) => match words.verb {
            CertificateVerb::List { common, json } => certificate::list(&common, json),
            CertificateVerb::Deactivate { common, fingerprint, force } => certificate::deactivate(&common, &fingerprint, force),
        },
        Verb::Migrate(common) => migrate::run(&common),
        Verb::CheckConfig(common) => check_config::run(&common),
    }
}

/// The settings as the tools read them.
fn settings(common: &Common) -> Result<Settings> {
    Settings::load(&Overrides { file: common.config.clone(), data: common.data.clone(), ..Overrides::default() })
}

/// A small runtime for one question to the database.
fn ask<T>(question: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(question)
}

/// The feed's database; a tool makes none.
async fn database(settings: &Settings) -> Result<Database> {
    let path = &settings.stores.database;
    if !path.exists() {
        anyhow::bail!("there is no database at {}; `countersign serve` or `countersign migrate` makes one", path.display());
    }
    let database = Database::connect(&DatabaseConfig::file(path))
        .await
        .with_context(|| format!("the database {} cannot be opened", path.display()))?;
    let pending = database.pending_migrations().await?;
    if !pending.is_empty() {
        anyhow::bail!("the database {} is older than this version; run `countersign migrate` first", path.display());
    }
    Ok(database)
}
