//! PFX files as OpenSSL, older tools and .NET write them, with good certificates and bad ones.

use keys::provider::stored_certificate::{Source, StoredCertificate, StoredCertificateConfig};
use keys::store::KeyStore;
use keys::{ErrorKind, KeyProvider as _, Password};
use model::{HashAlgorithm, NuCode};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

fn config(path: impl Into<PathBuf>, password: &str) -> StoredCertificateConfig {
    StoredCertificateConfig {
        source: Source::File(path.into()),
        password: Password::from(password),
        hash_algorithm: HashAlgorithm::Sha256,
        known_certificates: Vec::new(),
    }
}

fn open(config: StoredCertificateConfig) -> Result<StoredCertificate, keys::Error> {
    let folder = tempfile::tempdir().unwrap();
    StoredCertificate::open(config, KeyStore::open(folder.path()).unwrap(), NOW)
}

fn pki() -> Option<PathBuf> {
    Some(testkit::shared()?.join("corpus/pki"))
}

#[tokio::test]
async fn every_form_of_file_is_opened_and_keeps_the_promises() {
    let Some(pki) = pki() else { return };
    for (file, password) in [
        ("repository.pfx", "test"),
        ("repository3072.pfx", "test"),
        ("author4096.pfx", "test"),
        ("repository-legacy-rc2.pfx", "test"),
        ("repository-legacy-3des.pfx", "test"),
        ("repository-no-password.pfx", ""),
        ("repository-no-eku.pfx", "test"),
        ("repository-no-ski.pfx", "test"),
        ("repository-other.pfx", "test"),
    ] {
        let provider = open(config(pki.join(file), password)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let identity = provider.current(NOW).await.unwrap();
        assert_eq!(identity.chain.len(), 2, "{file}");
        keys::conformance::run(Arc::new(provider), NOW).await;
    }
}

#[tokio::test]
async fn what_could_never_sign_is_refused_at_the_start() {
    let Some(pki) = pki() else { return };
    for (file, nu) in [
        ("repository-no-chain.pfx", 3018),
        ("repository-tls-eku.pfx", 3018),
        ("repository-lifetime.pfx", 3015),
        ("repository-1024.pfx", 3014),
        ("repository-ecdsa.pfx", 3014),
    ] {
        let error = open(config(pki.join(file), "test")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CertificateInvalid(NuCode(nu)), "{file}: {error}");
    }
    let wrong = open(config(pki.join("repository.pfx"), "wrong")).unwrap_err();
    assert_eq!(wrong.to_string(), format!("{} cannot be opened with the configured password", pki.join("repository.pfx").display()));
    let absent = open(config(pki.join("absent.pfx"), "")).unwrap_err();
    assert_eq!(absent.to_string(), format!("{} is not there", pki.join("absent.pfx").display()));
    let other = open(config(pki.join("root.pem"), "")).unwrap_err();
    assert_eq!(other.to_string(), format!("{} is not a PFX file that can be read", pki.join("root.pem").display()));
}

#[tokio::test]
async fn a_chain_is_completed_from_known_certificates() {
    let Some(pki) = pki() else { return };
    let root = certificates::pem::parse_all(&std::fs::read_to_string(pki.join("root.pem")).unwrap());
    let config = StoredCertificateConfig { known_certificates: root.clone(), ..config(pki.join("repository-no-chain.pfx"), "test") };
    assert_eq!(open(config).unwrap().current(NOW).await.unwrap().chain[1], root[0]);
}

#[tokio::test]
async fn a_certificate_signs_only_in_its_time() {
    let Some(pki) = pki() else { return };
    for (file, nu) in [("repository-expired.pfx", 3018), ("repository-future.pfx", 3017)] {
        let error = open(config(pki.join(file), "test")).unwrap().current(NOW).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CertificateUnusable(NuCode(nu)), "{file}: {error}");
        assert_eq!(error.code(), model::Code::CertificateUnusable);
    }
    let provider = open(config(pki.join("repository.pfx"), "test")).unwrap();
    let chain = provider.current(NOW).await.unwrap().chain;
    let ends = chain.into_iter().map(|der| certificates::Certificate::parse(der).unwrap().not_after());
    // NuGet's signer refuses an ended root too.
    let end = ends.min().unwrap();
    assert!(provider.current(end - Duration::minutes(5)).await.is_ok());
    let error = provider.current(end - Duration::minutes(5) + Duration::SECOND).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CertificateUnusable(NuCode(3018)));
}

#[tokio::test]
async fn a_relative_path_is_in_the_key_store_and_read_again_when_it_changes() {
    let Some(pki) = pki() else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::open(folder.path()).unwrap();
    let put = |from: &str| {
        let (new, place) = (folder.path().join("new"), folder.path().join("a.pfx"));
        std::fs::write(&new, std::fs::read(pki.join(from)).unwrap()).unwrap();
        std::fs::rename(new, place).unwrap();
    };
    put("repository.pfx");
    let provider = StoredCertificate::open(config("a.pfx", "test"), store, NOW).unwrap();
    let before = provider.current(NOW).await.unwrap().fingerprint();
    put("repository3072.pfx");
    assert_ne!(provider.current(NOW).await.unwrap().fingerprint(), before);
    std::fs::remove_file(folder.path().join("a.pfx")).unwrap();
    assert_eq!(provider.current(NOW).await.unwrap_err().kind(), ErrorKind::Misconfigured);
}

#[tokio::test]
async fn dotnets_own_store_is_read() {
    let Some(pki) = pki() else { return };
    let stores = pki.join("../dotnet-store");
    let root = certificates::pem::parse_all(&std::fs::read_to_string(pki.join("root.pem")).unwrap());
    for thumbprint in names(&stores.join("my")) {
        let source = Source::DotnetStore {
            thumbprint: thumbprint.clone(),
            store_name: "My".to_owned(),
            store_location: "CurrentUser".to_owned(),
            stores: stores.clone(),
        };
        let config = StoredCertificateConfig { source, known_certificates: root.clone(), ..config("", "") };
        let identity = open(config).unwrap_or_else(|e| panic!("{thumbprint}: {e}")).current(NOW).await.unwrap();
        let leaf = certificates::Certificate::parse(identity.leaf().clone()).unwrap();
        assert_eq!(hex(&leaf.sha1_thumbprint()), thumbprint);
    }
}

fn names(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|o| format!("{o:02X}")).collect()
}
