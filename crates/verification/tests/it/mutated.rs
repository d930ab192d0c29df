//! Thousands of broken packages: NuGet's verdict and ours, code for code.
//!
//! `COUNTERSIGN_MUTATIONS` and `COUNTERSIGN_MUTATION_SEED` ask for more of them, or others; `COUNTERSIGN_MUTATED` names a folder of
//! packages that are there already; those that differ are copied to the folder `COUNTERSIGN_KEEP`.

use crate::agreement::{Answer, Material, ours, theirs};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::{Judge, packages};

#[test]
fn broken_packages_get_nugets_verdicts() {
    let Some(material) = Material::read() else { return };
    let folder = tempfile::tempdir().unwrap();
    let made = std::env::var_os("COUNTERSIGN_MUTATED").map(PathBuf::from);
    if made.is_none() {
        mutate(&material.shared.join("corpus"), folder.path());
    }
    let files = packages(made.as_deref().unwrap_or(folder.path()));
    let mut different = Vec::new();
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let named = material.named(false);
    for (name, words) in named.iter().filter(|(name, _)| ["command-roots", "feed-ours"].contains(name)) {
        let settings = material.settings(words);
        let mut judge = Judge::start(&[&["verify"], words.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat()).unwrap();
        for file in &files {
            let golden = theirs(&judge.ask(file.to_str().unwrap()));
            let (answer, refusal) = ours(file, &settings);
            match &golden {
                Answer::Verdict { codes: found, .. } if found.is_empty() => *codes.entry("none".to_owned()).or_default() += 1,
                Answer::Verdict { codes: found, .. } => found.iter().for_each(|code| *codes.entry(code.clone()).or_default() += 1),
                Answer::Failed => *codes.entry("failed".to_owned()).or_default() += 1,
            }
            if !agree(&answer, &golden) {
                if let Some(keep) = std::env::var_os("COUNTERSIGN_KEEP") {
                    std::fs::copy(file, std::path::Path::new(&keep).join(file.file_name().unwrap())).unwrap();
                }
                different.push(format!(
                    "{} ({name}): ours {answer:?} {refusal:?}; NuGet's {golden:?}",
                    file.file_name().unwrap().to_string_lossy()
                ));
            }
        }
    }
    let total = 2 * files.len();
    println!(
        "{} of {total} verdicts agree ({:.2} %); codes: {codes:?}",
        total - different.len(),
        100.0 * (total - different.len()) as f64 / total as f64
    );
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

/// The same verdict; and the same content hash, which we do not give where two directory headers name one local header, since
/// NuGet's is then an accident (spec 2.2).
fn agree(ours: &Answer, theirs: &Answer) -> bool {
    if let (Answer::Verdict { content_hash: None, codes, .. }, Answer::Verdict { content_hash: Some(_), .. }) = (ours, theirs)
        && codes.iter().any(|code| code == "E:NU3008")
    {
        return ours == &theirs.clone().without_hash();
    }
    ours == theirs
}

fn mutate(corpus: &Path, folder: &Path) {
    let count = std::env::var("COUNTERSIGN_MUTATIONS").unwrap_or_else(|_| "400".to_owned());
    let seed = std::env::var("COUNTERSIGN_MUTATION_SEED").unwrap_or_else(|_| "20261124".to_owned());
    // The bigger ones only take longer.
    let small = |path: &PathBuf| path.metadata().unwrap().len() < 1_000_000;
    let sources = ["made", "real", "signed"].iter().flat_map(|name| packages(&corpus.join(name))).filter(small);
    let made = Command::new("python3").arg(corpus.join("mutate.py")).args([&seed, &count]).arg(folder).args(sources).status().unwrap();
    assert!(made.success());
}
