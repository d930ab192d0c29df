//! Where the shared material (corpus, tools) lies, and what to do when it is absent.

use std::path::{Path, PathBuf};

/// The root of this workspace.
pub fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("testkit lies two folders below the root").to_path_buf()
}

/// Whether a missing tool is a failure (`COUNTERSIGN_TEST_REQUIRE=all`, as in CI) and not a skip with a printed reason.
pub fn require_all() -> bool {
    std::env::var("COUNTERSIGN_TEST_REQUIRE").is_ok_and(|v| v == "all")
}

/// The shared folder: `COUNTERSIGN_SHARED`, else `../shared` beside the workspace. When it is absent: says so and answers
/// `None`, or fails the test where everything is required.
pub fn shared() -> Option<PathBuf> {
    let path = std::env::var_os("COUNTERSIGN_SHARED").map_or_else(|| workspace_root().join("../shared"), PathBuf::from);
    if path.join("tools/judge").exists() {
        return Some(path.canonicalize().expect("the shared folder has an absolute path"));
    }
    assert!(!require_all(), "COUNTERSIGN_TEST_REQUIRE=all, and there is no shared material at {}", path.display());
    println!("skipped: no shared material at {} (set COUNTERSIGN_SHARED)", path.display());
    None
}

/// Every `.nupkg` and `.zip` below `folder`, sorted.
pub fn packages(folder: &Path) -> Vec<PathBuf> {
    let (mut out, mut left) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("a directory entry can be read").path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|e| e == "nupkg" || e == "zip") {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}
