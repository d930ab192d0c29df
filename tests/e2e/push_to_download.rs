//! Every package of the corpus that NuGet's rules allow goes push → sign → download, and NuGet accepts the result in require mode with our
//! certificate trusted: content hash as before, author signature kept.

use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use system_tests::{Serve, require};
use testkit::{Tsa, judge, packages, shared};

/// The packages with the identity that NuGet reads from them, in rounds without a repeated identity.
fn rounds() -> Option<Vec<Vec<(PathBuf, Value)>>> {
    let corpus = shared()?.join("corpus");
    let files: Vec<PathBuf> = ["unsigned", "made", "real"].iter().flat_map(|f| packages(&corpus.join(f))).collect();
    let mut rounds: Vec<HashMap<(String, String), (PathBuf, Value)>> = Vec::new();
    for (file, known) in files.iter().zip(judge(&["nuspec"], &files)?) {
        if known.get("error").is_some() {
            continue;
        }
        let key = (known["id"].as_str().unwrap().to_lowercase(), known["version"].as_str().unwrap().to_lowercase());
        let at = rounds.iter().position(|r| !r.contains_key(&key)).unwrap_or_else(|| {
            rounds.push(HashMap::new());
            rounds.len() - 1
        });
        rounds[at].insert(key, (file.clone(), known));
    }
    Some(rounds.into_iter().map(|r| r.into_values().collect()).collect())
}

fn every_package_is_accepted(environment: &[(&str, &str)], with_timestamp: bool) {
    let Some(rounds) = rounds() else { return };
    let pki = shared().unwrap().join("corpus/pki");
    let roots = [pki.join("root.pem"), pki.join("other-root.pem")].map(|p| p.to_str().unwrap().to_owned());
    let mut accepted = 0;
    for round in &rounds {
        let folder = tempfile::tempdir().unwrap();
        let serve = Serve::start(&folder.path().join("data"), environment);
        for (file, _) in round {
            let answer = serve.push(&std::fs::read(file).unwrap());
            assert!(matches!(answer.status, 201 | 202), "{}: {} {}", file.display(), answer.status, String::from_utf8_lossy(&answer.body));
        }
        let mut signed = Vec::new();
        for (i, (_, known)) in round.iter().enumerate() {
            let out = folder.path().join(format!("{i}.nupkg"));
            let served = serve.fetch(known["id"].as_str().unwrap(), known["version"].as_str().unwrap());
            std::fs::write(&out, served.body).unwrap();
            signed.push(out);
        }
        let mut words = require(&serve.fingerprints());
        words.extend(roots.iter().flat_map(|r| ["--root".to_owned(), r.clone()]));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let before: Vec<&PathBuf> = round.iter().map(|r| &r.0).collect();
        let before = judge(&["verify", "--root", &roots[0], "--root", &roots[1]], &before).unwrap();
        for (((file, known), was), is) in round.iter().zip(before).zip(judge(&words, &signed).unwrap()) {
            assert_eq!(is["valid"], true, "{}: {is}", file.display());
            assert_eq!(is["contentHash"], known["contentHash"], "{}", file.display());
            let ours = if was["signature"]["type"] == "Author" {
                assert_eq!(is["signature"]["type"], "Author", "{}", file.display());
                assert_eq!(is["signature"]["primary"], was["signature"]["primary"], "{}", file.display());
                &is["signature"]["countersignature"]["part"]
            } else {
                assert_eq!(is["signature"]["type"], "Repository", "{}", file.display());
                &is["signature"]["primary"]
            };
            assert_eq!(ours["timestamps"].as_array().unwrap().len(), usize::from(with_timestamp), "{}: {is}", file.display());
            accepted += 1;
        }
        assert_eq!(serve.stop().code(), Some(0));
    }
    assert!(accepted > 50, "only {accepted} packages were tried");
    println!("{accepted} packages accepted by NuGet");
}

#[test]
fn every_package_of_the_corpus_is_accepted_without_a_timestamp() {
    every_package_is_accepted(&[("Feed__PushWaitsForSignature", "0")], false);
}

#[test]
fn every_package_of_the_corpus_is_accepted_with_a_timestamp() {
    let Some(tsa) = Tsa::start() else { return };
    let root = shared().unwrap().join("corpus/pki/root.pem");
    every_package_is_accepted(
        &[
            ("Feed__PushWaitsForSignature", "0"),
            ("Signing__TimestampServerUrl", &tsa.url("")),
            ("Signing__TimestampTrustedRoots__0", root.to_str().unwrap()),
        ],
        true,
    );
}
