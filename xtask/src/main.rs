//! The project's tasks: `cargo xtask test` and the checks around it. The only task runner besides cargo itself.

mod bench;
mod deny;
mod layers;
mod test;
mod tidy;

use anyhow::{Context as _, Result, bail};
use std::path::PathBuf;
use std::process::Command;

const HELP: &str = "\
cargo xtask TASK

  test [--install] [NAME…]   every test; says what it could not provide. --install fetches missing system packages (Debian);
                             a NAME runs only tests whose name holds it. COUNTERSIGN_TEST_REQUIRE=all: what is missing fails
  layers                     who may import whom (docs/ARCHITECTURE.md)
  tidy                       house rules that no compiler knows
  bench                      what a signature costs, as ratios (docs/BENCHMARKS.md); wants a quiet machine
  deny                       licences, bans and sources of the dependencies (installs cargo-deny into target/tools)
";

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.split_first().map(|(task, rest)| (task.as_str(), rest)) {
        Some(("test", rest)) => test::run_task(rest),
        Some(("layers", [])) => layers::run(),
        Some(("tidy", [])) => tidy::run(),
        Some(("bench", [])) => bench::run_task(),
        Some(("deny", [])) => deny::run_task(),
        Some(("help" | "--help" | "-h", _)) | None => {
            println!("{HELP}");
            Ok(())
        }
        Some((task, _)) => bail!("there is no task {task:?}, or it takes no such words\n\n{HELP}"),
    }
}

/// The workspace's root.
fn root() -> Result<PathBuf> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Ok(manifest.parent().context("xtask lies below the root")?.to_path_buf())
}

/// Runs a command to its end; an exit code other than 0 is an error that names it.
fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?} does not start"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// The cargo that runs us.
fn cargo() -> Command {
    #[expect(clippy::disallowed_methods, reason = "cargo says in CARGO which cargo it is")]
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    if let Ok(root) = root() {
        command.current_dir(root);
    }
    command
}
