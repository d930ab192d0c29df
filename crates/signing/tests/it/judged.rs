//! NuGet's own verifier and OpenSSL accept what we sign.

use crate::bench::{Package, Signer, packages, terms};
use model::HashAlgorithm;
use nuget_signature::plan::Arrival;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use testkit::{Judge, shared};

fn content_hashes(shared: &Path) -> HashMap<String, Value> {
    let facts = std::fs::read_to_string(shared.join("corpus/facts.jsonl")).unwrap();
    facts
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|fact| (fact["file"].as_str().unwrap().to_owned(), fact))
        .collect()
}

fn require<'a>(root: &'a str, other: &'a str, fingerprint: &'a str) -> [&'a str; 9] {
    ["verify", "--root", root, "--root", other, "--mode", "require", "--trusted-repository", fingerprint]
}

fn roots(shared: &Path) -> [String; 2] {
    ["root", "other-root"].map(|name| shared.join(format!("corpus/pki/{name}.pem")).to_str().unwrap().to_owned())
}

#[test]
fn nuget_accepts_every_package_of_the_corpus() {
    let Some(shared) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let facts = content_hashes(&shared);
    let [root, other] = roots(&shared);
    let signer = Signer::of(&shared, "repository", HashAlgorithm::Sha256);
    let fingerprint = signer.fingerprint();
    let mut judge = Judge::start(&require(&root, &other, &fingerprint)).unwrap();
    let mut count = 0;
    for package in packages(&shared, &["unsigned", "made", "real"]) {
        if matches!(package.arrival(), Arrival::Unknown | Arrival::OtherCountersigners) {
            continue;
        }
        let signed = package.edited(&package.finish(&terms(&[]), &signer).splice);
        let answer = judge.ask(&signed.store(folder.path(), ""));
        assert_eq!(answer["valid"], true, "{}: {answer}", package.path.display());
        let name = package.path.strip_prefix(shared.join("corpus")).unwrap().to_str().unwrap();
        if let Some(hash) = facts.get(name).map(|fact| &fact["contentHash"]).filter(|hash| hash.is_string()) {
            assert_eq!(&answer["contentHash"], hash, "{name}");
        }
        count += 1;
    }
    assert!(count > 80, "{count} packages");
}

#[test]
fn nuget_and_openssl_accept_every_algorithm_key_and_owners() {
    let Some(shared) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let [root, other] = roots(&shared);
    let owners = ["Ann".to_owned(), "Bär & Söhne".to_owned()];
    for name in ["repository", "repository3072", "repository-other", "repository-no-eku", "repository-no-ski", "author4096"] {
        let fingerprint = Signer::of(&shared, name, HashAlgorithm::Sha256).fingerprint();
        let mut judge = Judge::start(&require(&root, &other, &fingerprint)).unwrap();
        for algorithm in HashAlgorithm::ALL {
            let signer = Signer::of(&shared, name, algorithm);
            for (file, owners) in [("plain", &[][..]), ("plain", &owners), ("author-timestamp", &owners), ("author-repository", &[])] {
                let package = Package::read(&shared.join(format!("corpus/made/{file}.nupkg")));
                let finished = package.finish(&terms(owners), &signer);
                let signed = package.edited(&finished.splice);
                let answer = judge.ask(&signed.store(folder.path(), ""));
                assert_eq!(answer["valid"], true, "{name} {algorithm:?} {file}: {answer}");
                if file == "plain" {
                    openssl_verifies(folder.path(), &finished.p7s);
                }
            }
        }
    }
}

#[test]
fn nuget_accepts_an_author_signature_of_ours() {
    let Some(shared) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let [root, _] = roots(&shared);
    let signer = Signer::of(&shared, "author", HashAlgorithm::Sha256);
    let package = Package::read(&shared.join("corpus/made/plain.nupkg"));
    let author = signing::Terms { kind: model::signature_kind::SignatureKind::Author, service_index: None, ..terms(&[]) };
    let signed = package.edited(&package.finish(&author, &signer).splice);
    let words = ["verify", "--root", &root, "--mode", "require", "--trusted-author", &signer.fingerprint()].map(str::to_owned);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let answer = &testkit::judge(&words, &[signed.store(folder.path(), "")]).unwrap()[0];
    assert_eq!((&answer["valid"], signed.arrival()), (&Value::Bool(true), Arrival::Author), "{answer}");
}

/// OpenSSL checks the signature, the message digest and the content type; chains are NuGet's to judge.
pub(crate) fn openssl_verifies(folder: &Path, p7s: &[u8]) {
    let path = folder.join("signature.p7s");
    std::fs::write(&path, p7s).unwrap();
    let output = Command::new("openssl")
        .args(["cms", "-verify", "-noverify", "-inform", "DER", "-out", "/dev/null", "-in"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
