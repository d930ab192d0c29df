//! The binary under test: built once a test run, or `COUNTERSIGN`.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The `countersign` binary, with fail points; built on first use.
pub fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("COUNTERSIGN") {
            return PathBuf::from(path);
        }
        // Beside our own test binary: target/PROFILE/deps/e2e-…
        let own = std::env::current_exe().expect("a test knows its own path");
        let profile = own.parent().and_then(|deps| deps.parent()).expect("tests lie in target/PROFILE/deps").to_path_buf();
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.current_dir(testkit::workspace_root());
        build.args(["build", "--quiet", "--package", "countersign", "--bin", "countersign", "--features", "failpoints"]);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        build.env("CARGO_TARGET_DIR", profile.parent().expect("PROFILE lies in the target folder"));
        assert!(build.status().expect("cargo starts").success(), "the countersign binary does not build");
        // Under a name of its own, so that a later build without fail points does not take its place.
        let copy = profile.join("countersign-under-test");
        let fresh = copy.with_extension(std::process::id().to_string());
        std::fs::copy(profile.join("countersign"), &fresh).expect("the binary can be copied");
        std::fs::rename(&fresh, &copy).expect("the binary can be renamed");
        copy
    })
}

/// Runs the binary with these words in `folder`, free of the caller's configuration.
pub fn countersign(folder: &std::path::Path, words: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(words).current_dir(folder);
    crate::serve::clean(&mut command);
    command.output().expect("countersign starts")
}
