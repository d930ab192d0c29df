//! `/v3/repository-signatures/index.json` and `/v3/certificates/…`, with a certificate of the corpus.

use crate::feed::{FINGERPRINT, Feed, config, sha256, stand_in};
use certificates::{Certificate, pem};
use database::NewCertificate;
use front::{AllSigned, ClientTrust, FrontConfig, OnFailure, WhyNot};
use model::job::Lane;
use std::sync::Arc;
use verification::TrustRoots;

const PATH: &str = "/v3/repository-signatures/index.json";

fn assured() -> FrontConfig {
    FrontConfig { client_trust: ClientTrust::Assured, ..config() }
}

#[tokio::test]
async fn an_announced_certificate_is_listed_and_can_be_had_in_either_case() {
    let feed = Feed::start(config()).await;
    feed.database.announce(stand_in()).await.unwrap();
    let document = feed.document(PATH).await;
    let listed = &document["signingCertificates"][0];
    assert_eq!(listed["fingerprints"]["2.16.840.1.101.3.4.2.1"], FINGERPRINT);
    assert_eq!((&listed["notBefore"], &listed["notAfter"]), (&"2025-01-01T00:00:00Z".into(), &"2026-01-01T00:00:00Z".into()));
    let path = listed["contentUrl"].as_str().unwrap().strip_prefix("https://feed.test").unwrap().to_owned();
    for path in [path, format!("/v3/certificates/{FINGERPRINT}.crt"), format!("/v3/certificates/{}.crt", FINGERPRINT.to_lowercase())] {
        let answer = feed.get(&path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/pkix-cert"), "{path}");
        assert_eq!(answer.body, b"the certificate");
    }
    let stranger = format!("/v3/certificates/{}.crt", "0".repeat(64));
    assert_eq!(feed.get(&stranger).await.problem(), (404, "certificate_not_found".into()));
}

#[tokio::test]
async fn true_takes_a_complete_ledger_and_clients_that_trust() {
    let feed = Feed::start(assured()).await;
    let answer = async || feed.front.all_repository_signed().await.unwrap();
    assert_eq!(answer().await, AllSigned::No(WhyNot::NoCertificate));
    feed.database.announce(stand_in()).await.unwrap();
    let view = feed.add("Bar.A", "1.0.0", b"bytes of a package", Lane::Dormant).await;
    assert_eq!(answer().await, AllSigned::No(WhyNot::PackageMissing));
    feed.database.raise(view.package.key, Lane::Interactive).await.unwrap();
    feed.sign(view.job.id, b"bytes of a package").await;
    assert_eq!(answer().await, AllSigned::Yes);
    assert_eq!(feed.document(PATH).await["allRepositorySigned"], true);
    feed.add("Bar.B", "1.0.0", b"not visible, so not listed", Lane::Upload).await;
    assert_eq!(answer().await, AllSigned::Yes);
}

#[tokio::test]
async fn without_the_trust_of_clients_or_with_unsigned_downloads_it_is_false() {
    for (config, why) in [
        (config(), WhyNot::TrustUnknown),
        (FrontConfig { on_failure: OnFailure::ServeUnsigned, ..assured() }, WhyNot::ServesUnsigned),
        (FrontConfig { signing_enabled: false, ..assured() }, WhyNot::ServesUnsigned),
        (FrontConfig { client_trust: ClientTrust::Roots(Arc::default()), ..config() }, WhyNot::Untrusted(FINGERPRINT.into())),
    ] {
        let feed = Feed::start(config).await;
        feed.database.announce(stand_in()).await.unwrap();
        assert_eq!(feed.front.all_repository_signed().await.unwrap(), AllSigned::No(why));
        assert_eq!(feed.document(PATH).await["allRepositorySigned"], false);
    }
}

#[tokio::test]
async fn a_chain_to_a_root_that_clients_have_is_trust() {
    let Some(shared) = testkit::shared() else { return };
    let read = |name: &str| std::fs::read_to_string(shared.join("corpus/pki").join(name)).unwrap();
    let chain: Vec<Vec<u8>> =
        ["repository.pem", "root.pem"].iter().flat_map(|f| pem::parse_all(&read(f))).map(|der| der.to_vec()).collect();
    let leaf = Certificate::parse(chain[0].clone()).unwrap();
    let mut roots = TrustRoots::default();
    roots.add(Certificate::parse(chain.last().unwrap().clone()).unwrap());
    let feed = Feed::start(FrontConfig { client_trust: ClientTrust::Roots(Arc::new(roots)), ..config() }).await;
    let fingerprint = sha256(&chain[0]).to_hex_upper();
    let certificate = NewCertificate {
        fingerprint,
        subject: leaf.subject().to_owned(),
        issuer: leaf.issuer().to_owned(),
        not_before: leaf.not_before(),
        not_after: leaf.not_after(),
        chain,
    };
    feed.database.announce(certificate).await.unwrap();
    assert_eq!(feed.front.all_repository_signed().await.unwrap(), AllSigned::Yes);
}

#[tokio::test]
async fn while_the_database_is_away_the_last_good_document_is_served() {
    let feed = Feed::start(config()).await;
    feed.database.announce(stand_in()).await.unwrap();
    let good = feed.document(PATH).await;
    feed.database.close().await;
    assert_eq!(feed.document(PATH).await, good);
    assert_eq!(feed.get("/v3/package/bar.a/index.json").await.status, 503);
}
