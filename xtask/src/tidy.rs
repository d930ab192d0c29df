//! House rules that no compiler knows: every file says what it is for, none is a giant, none is called `utils`.

use crate::root;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// Longest source file, in lines; tests in files of their own apart.
const LINES_MAX: usize = 700;
/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc", "types", "manager", "service"];

pub(crate) fn run() -> Result<()> {
    let root = root()?;
    let mut files = Vec::new();
    for folder in ["crates", "services", "migrations", "tests", "xtask"] {
        collect(&root.join(folder), &mut files)?;
    }
    let mut wrong = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file)?;
        let name = file.strip_prefix(&root).unwrap_or(file);
        wrong.extend(faults(name, &text));
    }
    let codes = std::fs::read_to_string(root.join("crates/model/src/code.rs"))?;
    let page = std::fs::read_to_string(root.join("docs/CODES.md"))?;
    wrong.extend(undocumented(&codes, &page));
    if !wrong.is_empty() {
        bail!("not tidy:\n  {}", wrong.join("\n  "));
    }
    println!("tidy: {} files", files.len());
    Ok(())
}

/// Codes that the page does not name. A code stands in the source as `Variant = "word", Category;`.
fn undocumented(source: &str, page: &str) -> Vec<String> {
    source
        .lines()
        .filter_map(|line| line.trim().split_once(" = \"")?.1.split_once("\", "))
        .filter(|(word, _)| !page.contains(&format!("`{word}`")))
        .map(|(word, _)| format!("docs/CODES.md: does not name the code {word}"))
        .collect()
}

fn faults(file: &Path, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if !text.starts_with("//!") && !text.starts_with("#![doc") {
        wrong.push(format!("{}: does not open with //!", file.display()));
    }
    let is_test = file.components().any(|c| c.as_os_str() == "tests") || file.ends_with("tests.rs");
    let lines = text.lines().count();
    if !is_test && lines > LINES_MAX {
        wrong.push(format!("{}: {lines} lines, {LINES_MAX} is the limit", file.display()));
    }
    if file.file_stem().is_some_and(|s| EMPTY_NAMES.iter().any(|n| s == *n)) {
        wrong.push(format!("{}: a name that says nothing", file.display()));
    }
    wrong
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !path.ends_with("target") {
                collect(&path, out)?;
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_the_page_does_not_name_is_found() {
        let source = "    Zip64 = \"zip64\", Invalid;\n    Other = \"other\", Invalid;\n";
        assert_eq!(undocumented(source, "| `zip64` |"), ["docs/CODES.md: does not name the code other"]);
    }

    #[test]
    fn each_rule_finds_its_fault() {
        assert_eq!(faults(Path::new("a/b.rs"), "//! Fine.\n"), Vec::<String>::new());
        assert_eq!(faults(Path::new("a/utils.rs"), "fn f() {}\n").len(), 2);
        assert_eq!(faults(Path::new("a/b.rs"), &format!("//! x\n{}", "\n".repeat(LINES_MAX))).len(), 1);
        assert_eq!(faults(Path::new("a/tests/b.rs"), &format!("//! x\n{}", "\n".repeat(LINES_MAX))).len(), 0);
    }
}
