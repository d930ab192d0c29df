//! The `countersign` command: composition only. What each verb does is in `commands`, what it does it with in the crates.

mod cli;
mod commands;
mod config;
mod credentials;
#[cfg(feature = "failpoints")]
mod failpoints;
mod files;
mod readiness;
mod roles;
mod run;
mod system_clock;
mod trust;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    match failpoints::arm() {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    let cli = cli::Cli::parse();
    // One TLS and cryptography stack for everything in the process.
    let _only_the_first_counts = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("countersign: {error:#}");
            ExitCode::FAILURE
        }
    }
}
