//! `cargo xtask test`: provides what the tests need, runs them all, says what it could not provide.

use crate::{cargo, root, run};
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// Programs that tests start, and the Debian package that brings each.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("openssl", "openssl", "checks of signatures and tokens by OpenSSL"),
    ("python3", "python3", "the time-stamping authority and the mutation of packages"),
    ("curl", "curl", "pushes as other clients send them"),
    ("strace", "strace", "counting the bytes that a worker moves"),
];

/// What only tests may have: points at which a process ends, and faults in what is assembled.
const FEATURES: &str = "countersign/failpoints,worker/failpoints,intake/failpoints,storage/failpoints,keys/failpoints,signing/faults";

pub(crate) fn run_task(words: &[String]) -> Result<()> {
    let install = words.iter().any(|w| w == "--install");
    let names: Vec<&String> = words.iter().filter(|w| !w.starts_with("--")).collect();
    if let Some(unknown) = words.iter().find(|w| w.starts_with("--") && *w != "--install") {
        bail!("test takes no {unknown}");
    }
    let mut missing = Vec::new();
    for (program, package, what) in PROGRAMS {
        if present(program) {
            continue;
        }
        if install {
            println!("installing {package}");
            let _updated = Command::new("apt-get").args(["update", "-qq"]).status();
            let _installed = Command::new("apt-get").args(["install", "-y", "-qq", package]).status();
        }
        if !present(program) {
            missing.push(format!("{program} ({what}); Debian: apt-get install {package}"));
        }
    }
    if !shared().join("tools/judge").exists() {
        missing.push(format!("{}: NuGet's own code as a judge, and the corpus (COUNTERSIGN_SHARED says where it is)", shared().display()));
    }
    if !missing.is_empty() {
        println!("not here:\n  {}", missing.join("\n  "));
        if require_all() {
            bail!("COUNTERSIGN_TEST_REQUIRE=all, and the above is missing");
        }
        println!("the tests that need it say so and are passed over");
    }
    run(cargo().args(["test", "--workspace", "--locked", "--no-fail-fast", "--quiet", "--features", FEATURES]).arg("--").args(names))?;
    Ok(())
}

fn present(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

#[expect(clippy::disallowed_methods, reason = "the tests' own variables")]
pub(crate) fn shared() -> PathBuf {
    std::env::var_os("COUNTERSIGN_SHARED").map_or_else(|| root().unwrap_or_default().join("../shared"), PathBuf::from)
}

#[expect(clippy::disallowed_methods, reason = "the tests' own variables")]
fn require_all() -> bool {
    std::env::var("COUNTERSIGN_TEST_REQUIRE").is_ok_and(|v| v == "all")
}
