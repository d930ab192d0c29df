//! `countersign migrate`: brings the database up to this version's schema.

use crate::cli::Common;
use crate::run;
use anyhow::Result;
use database::{Database, DatabaseConfig};
use std::process::ExitCode;

pub(crate) fn run(common: &Common) -> Result<ExitCode> {
    let settings = super::settings(common)?;
    let path = &settings.stores.database;
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        run::make_folder(folder)?;
    }
    drop(run::private_file(path)?);
    super::ask(async {
        let database = Database::connect(&DatabaseConfig::file(path)).await?;
        let pending = database.pending_migrations().await?;
        database.migrate().await?;
        database.close().await;
        match pending.as_slice() {
            [] => println!("{} is up to date", path.display()),
            applied => println!("{}: applied {}", path.display(), applied.join(", ")),
        }
        Ok(ExitCode::SUCCESS)
    })
}
