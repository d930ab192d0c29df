//! NuGet's golden answers about the corpus.

use crate::agreement::{Material, ours, ours as ours_of, theirs};
use nuget_signature::parse::PrimarySignature;
use serde_json::Value;
use std::collections::BTreeMap;
use verification::{SignatureDescription, describe};

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

/// Settings that the golden answers leave out, asked now: letter case of fingerprints and owners, `--certificate-fingerprint`, and
/// what an allowed unknown root forgives.
#[test]
fn fingerprints_owners_and_allowed_roots_are_held_as_nuget_holds_them() {
    let Some(material) = Material::read() else { return };
    let root = material.pki("root.pem").to_str().unwrap().to_owned();
    let print = |name: &str| material.fingerprint(name);
    let (ours, author, expired) = (print("repository"), print("author"), print("repository-expired"));
    let lower = ours.to_lowercase();
    let settings: Vec<Vec<String>> = vec![
        vec!["--root", &root, "--fingerprint", &author],
        vec!["--root", &root, "--fingerprint", &lower, "--fingerprint", &author],
        vec!["--root", &root, "--mode", "accept", "--fingerprint", &ours],
        vec!["--root", &root, "--mode", "require", "--trusted-repository", &lower],
        vec!["--mode", "require", "--trusted-repository", &format!("{lower},untrusted-root")],
        vec![
            "--mode",
            "require",
            "--trusted-repository",
            &format!("{ours},untrusted-root"),
            "--trusted-author",
            &format!("{author},untrusted-root"),
        ],
        vec!["--root", &root, "--mode", "require", "--trusted-repository", &format!("{expired},untrusted-root")],
        vec!["--root", &root, "--trusted-repository", &format!("{expired},untrusted-root")],
        vec![
            "--mode",
            "feed",
            "--trusted-repository",
            &format!("{expired},untrusted-root"),
            "--trusted-repository",
            &format!("{ours},untrusted-root"),
        ],
        vec!["--root", &root, "--mode", "require", "--trusted-repository", &ours, "--owner", "ACME"],
        vec!["--root", &root, "--mode", "require", "--trusted-repository", &ours, "--owner", "nobody", "--owner", "acme"],
        vec!["--root", &root, "--mode", "accept", "--trusted-author", &ours],
        vec!["--root", &root, "--mode", "require"],
        vec!["--root", &root, "--mode", "feed"],
    ]
    .into_iter()
    .map(|words| words.into_iter().map(str::to_owned).collect())
    .collect();
    let files: Vec<_> =
        ["made", "edge"].iter().flat_map(|folder| testkit::packages(&material.shared.join("corpus").join(folder))).collect();
    let mut different = Vec::new();
    for words in &settings {
        let prepared = material.settings(words);
        let mut judge =
            testkit::Judge::start(&[&["verify"], words.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat()).unwrap();
        for file in &files {
            let golden = theirs(&judge.ask(file.to_str().unwrap()));
            let (answer, refusal) = ours_of(file, &prepared);
            if answer != golden {
                different.push(format!("{} {words:?}: ours {answer:?} {refusal:?}; NuGet's {golden:?}", file.display()));
            }
        }
    }
    println!("{} of {} verdicts agree", settings.len() * files.len() - different.len(), settings.len() * files.len());
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

/// What `inspect` shows is what NuGet says that a package carries.
#[test]
fn descriptions_agree_with_nugets() {
    let Some(material) = Material::read() else { return };
    let corpus = material.shared.join("corpus");
    let mut described = 0;
    for line in std::fs::read_to_string(corpus.join("facts.jsonl")).unwrap().lines() {
        let fact: Value = serde_json::from_str(line).unwrap();
        let theirs = &fact["signature"];
        if theirs.get("primary").is_none() {
            continue;
        }
        let file = fact["file"].as_str().unwrap();
        let bytes = std::fs::read(corpus.join(file)).unwrap();
        let p7s = nupkg::nuget_view::signature_bytes(&bytes).unwrap();
        let ours = describe(&PrimarySignature::parse(p7s).unwrap()).unwrap();
        assert_eq!(part(&ours.primary), facts(&theirs["primary"]), "{file}");
        assert_eq!(ours.primary.kind.name(), theirs["type"].as_str().unwrap(), "{file}");
        assert_eq!(ours.hash_algorithm.name(), theirs["contentHashAlgorithm"].as_str().unwrap(), "{file}");
        assert_eq!(ours.signed_hash, theirs["signedHash"].as_str().unwrap(), "{file}");
        assert_eq!(ours.primary.service_index.as_deref(), theirs["serviceIndex"].as_str(), "{file}");
        let owners = |value: &Value| strings(value["owners"].as_array().unwrap_or(&Vec::new()));
        assert_eq!(ours.primary.owners, owners(theirs), "{file}");
        let counter = &theirs["countersignature"];
        assert_eq!(ours.countersignature.as_ref().map(part), (!counter.is_null()).then(|| facts(&counter["part"])), "{file}");
        if let Some(ours) = &ours.countersignature {
            assert_eq!(ours.service_index.as_deref(), counter["serviceIndex"].as_str(), "{file}");
            assert_eq!(ours.owners, owners(counter), "{file}");
        }
        let mut certificates: Vec<String> = ours.certificates.iter().map(|c| c.fingerprint.clone()).collect();
        certificates.sort();
        assert_eq!(certificates, strings(theirs["certificates"].as_array().unwrap()), "{file}");
        described += 1;
    }
    println!("{described} signatures described");
    assert!(described > 40);
}

/// Fingerprint, subject, and of each time stamp the second and the authority's fingerprint.
type Part = (Option<String>, Option<String>, Vec<(String, Option<String>)>);

fn part(signature: &SignatureDescription) -> Part {
    let certificate = signature.certificate.as_ref();
    let second = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let stamps =
        signature.timestamps.iter().map(|t| (t.time.format(&second).unwrap(), t.certificate.as_ref().map(|c| c.fingerprint.clone())));
    (certificate.map(|c| c.fingerprint.clone()), certificate.map(|c| c.subject.clone()), stamps.collect())
}

fn facts(part: &Value) -> Part {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let stamps = part["timestamps"].as_array().unwrap().iter();
    let stamps = stamps.map(|t| (t["utc"].as_str().unwrap()[..19].to_owned(), text(&t["fingerprint"])));
    (text(&part["fingerprint"]), text(&part["subject"]), stamps.collect())
}

fn strings(list: &[Value]) -> Vec<String> {
    list.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}
