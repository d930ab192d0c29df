//! `countersign serve`: every role in one process.

use crate::cli::Serve;
use crate::config::{Overrides, Settings};
use crate::run;
use anyhow::Result;
use std::process::ExitCode;

pub(crate) fn run(words: &Serve) -> Result<ExitCode> {
    let settings = Settings::load(&Overrides {
        file: words.common.config.clone(),
        data: words.common.data.clone(),
        listen: words.listen,
        grpc_listen: words.grpc_listen,
    })?;
    telemetry::logs::install(&settings.listeners.telemetry.log, settings.listeners.telemetry.format);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run::serve(settings))?;
    Ok(ExitCode::SUCCESS)
}
