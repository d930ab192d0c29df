//! What the self-signed provider makes, as OpenSSL and NuGet see it.

use keys::provider::self_signed::{KeySize, SelfSigned, SelfSignedConfig, SubjectParts};
use keys::store::KeyStore;
use keys::{KeyProvider, Password};
use model::HashAlgorithm;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use time::OffsetDateTime;
use time::macros::datetime;

#[expect(clippy::disallowed_methods, reason = "outside judges have no other clock than the machine's")]
fn today() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn provider(folder: &Path, config: SelfSignedConfig) -> SelfSigned {
    SelfSigned::new(config, KeyStore::open(folder.join("keys")).unwrap()).unwrap()
}

fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().expect("openssl runs");
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn keeps_the_promises() {
    let folder = tempfile::tempdir().unwrap();
    let config = SelfSignedConfig { key_size: KeySize::Bits2048, ..SelfSignedConfig::default() };
    keys::conformance::run(Arc::new(provider(folder.path(), config)), datetime!(2026-11-24 12:00 UTC)).await;
}

#[tokio::test]
async fn openssl_opens_the_file_and_finds_what_was_configured() {
    let folder = tempfile::tempdir().unwrap();
    let config = SelfSignedConfig {
        subject: SubjectParts { organization: Some("Contoso".to_owned()), country: Some("US".to_owned()), ..SubjectParts::default() },
        key_size: KeySize::Bits3072,
        validity_days: 100,
        hash_algorithm: HashAlgorithm::Sha384,
        password: Password::from("hunter2"),
        ..SelfSignedConfig::default()
    };
    let now = datetime!(2026-11-24 12:00:00.75 UTC);
    provider(folder.path(), config).current(now).await.unwrap();
    let pfx = folder.path().join("keys/certs/repository-signing.pfx");
    let pem = folder.path().join("out.pem");
    let (pfx, pem) = (pfx.to_str().unwrap(), pem.to_str().unwrap());
    openssl(&["pkcs12", "-in", pfx, "-passin", "pass:hunter2", "-nodes", "-out", pem]);
    let text = openssl(&["x509", "-in", pem, "-noout", "-text", "-nameopt", "RFC2253"]);
    for part in [
        "Version: 3",
        "Signature Algorithm: sha384WithRSAEncryption",
        "Issuer: CN=Countersign,O=Contoso,C=US",
        "Subject: CN=Countersign,O=Contoso,C=US",
        "Not Before: Nov 23 12:00:00 2026 GMT",
        "Not After : Mar  4 12:00:00 2027 GMT",
        "Public-Key: (3072 bit)",
        "X509v3 Basic Constraints: critical\n                CA:FALSE",
        "X509v3 Key Usage: critical\n                Digital Signature",
        "X509v3 Extended Key Usage: \n                Code Signing",
        "X509v3 Subject Key Identifier:",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    // It belongs to the key, and is signed by it (the time of the check lies in its validity).
    let public = |kind: &str| {
        openssl(&[
            kind,
            "-in",
            pem,
            if kind == "x509" { "-pubkey" } else { "-pubout" },
            if kind == "x509" { "-noout" } else { "-text_pub" },
        ])
    };
    assert!(public("x509").contains(public("pkey").lines().nth(1).unwrap()));
    openssl(&["verify", "-attime", &now.unix_timestamp().to_string(), "-check_ss_sig", "-CAfile", pem, pem]);
}

/// NuGet's own signer (.NET reads the PFX) signs with what we made, and NuGet's own verifier takes it.
#[tokio::test]
async fn nugets_own_signer_takes_the_file() {
    let Some(shared) = testkit::shared() else { return };
    let package = testkit::packages(&shared.join("corpus/made")).into_iter().find(|p| p.to_string_lossy().contains("unsigned"));
    let package = package.unwrap_or_else(|| testkit::packages(&shared.join("corpus/unsigned")).remove(0));
    for password in ["", "hunter2"] {
        let folder = tempfile::tempdir().unwrap();
        let config = SelfSignedConfig { key_size: KeySize::Bits2048, password: Password::from(password), ..SelfSignedConfig::default() };
        let identity = provider(folder.path(), config).current(today()).await.unwrap();
        let fingerprint = identity.fingerprint().to_hex_upper();
        let der = folder.path().join("root.der");
        std::fs::write(&der, identity.leaf()).unwrap();
        let root = folder.path().join("root.pem");
        openssl(&["x509", "-inform", "DER", "-in", der.to_str().unwrap(), "-out", root.to_str().unwrap()]);
        let pfx = folder.path().join("keys/certs/repository-signing.pfx");
        let signed = folder.path().join("signed.nupkg");
        let answer = Command::new(shared.join("tools/judge"))
            .args(["sign", "--type", "repository", "--service-index", "https://localhost/v3/index.json", "--password", password, "--root"])
            .args([root.as_path(), Path::new("--pfx"), &pfx])
            .arg(format!("{}={}", package.display(), signed.display()))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text:?} {answer:?}"));
        assert_eq!(answer["ok"], true, "{answer}");
        let words = ["verify", "--root", root.to_str().unwrap(), "--mode", "require", "--trusted-repository"];
        let words: Vec<&str> = words.into_iter().chain([fingerprint.as_str()]).collect();
        let verdicts = testkit::judge(&words, &[&signed]).unwrap();
        assert_eq!(verdicts[0]["valid"], true, "{}", verdicts[0]);
    }
}
