//! NuGet's golden answers about the corpus.

use crate::agreement::{Material, ours, theirs};
use serde_json::Value;
use std::collections::BTreeMap;

#[test]
fn the_corpus_gets_nugets_verdicts_in_every_setting() {
    let Some(material) = Material::read() else { return };
    compare(&material, "corpus", false);
}

#[test]
fn the_edge_cases_get_nugets_verdicts_in_every_setting() {
    let Some(material) = Material::read() else { return };
    compare(&material, "corpus/edge", true);
}

fn compare(material: &Material, folder: &str, edge: bool) {
    let folder = material.shared.join(folder);
    let mut settings: BTreeMap<&str, _> = material.named(edge).into_iter().map(|(name, words)| (name, material.settings(&words))).collect();
    let mut different = Vec::new();
    let mut count = 0;
    for line in std::fs::read_to_string(folder.join("verdicts.jsonl")).unwrap().lines() {
        let golden: Value = serde_json::from_str(line).unwrap();
        let (file, setting) = (golden["file"].as_str().unwrap(), golden["setting"].as_str().unwrap());
        let settings = settings.get_mut(setting).unwrap_or_else(|| panic!("no setting {setting}"));
        let (answer, refusal) = ours(&folder.join(file), settings);
        let (answer, golden) = (answer.without_hash(), theirs(&golden).without_hash());
        count += 1;
        if answer != golden {
            different.push(format!("{file} ({setting}): ours {answer:?} {refusal:?}; NuGet's {golden:?}"));
        }
    }
    println!("{} of {count} verdicts agree", count - different.len());
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}
