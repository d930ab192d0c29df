//! `cargo deny check bans licenses sources`, with cargo-deny itself installed beside the build when it is absent.

use crate::{cargo, root, run};
use anyhow::Result;
use std::process::Command;

/// The version that is installed.
const CARGO_DENY: &str = "0.20.2";

pub(crate) fn run_checks(program: &mut Command) -> Result<()> {
    run(program.args(["check", "bans", "licenses", "sources"]).current_dir(root()?))
}

pub(crate) fn run_task() -> Result<()> {
    if Command::new("cargo-deny").arg("--version").output().is_ok_and(|o| o.status.success()) {
        return run_checks(&mut Command::new("cargo-deny"));
    }
    #[expect(clippy::disallowed_methods, reason = "cargo's own variable")]
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root()?.join("target"), Into::into);
    let tools = target.join("tools");
    let program = tools.join("bin/cargo-deny");
    if !program.exists() {
        println!("cargo-deny {CARGO_DENY} is not here; installing it into {}", tools.display());
        run(cargo()
            .args(["install", "--locked", "--quiet", "--version", CARGO_DENY, "cargo-deny", "--root"])
            .arg(&tools)
            .env("CARGO_TARGET_DIR", tools.join("build")))?;
    }
    run_checks(&mut Command::new(program))
}
