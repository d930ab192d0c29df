//! Time stamps of a real authority, asked over HTTP by hand: in the right place, completed, accepted.

use crate::bench::{NOW, Package, Signer, certificate, terms};
use crate::judged::openssl_verifies;
use async_trait::async_trait;
use bytes::Bytes;
use model::HashAlgorithm;
use nuget_signature::surgery::complete_token;
use nuget_signature::timestamp_request::{Request, ResponseError, read_response};
use signing::{Error, Window, check_window};
use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Mutex;
use testkit::{Tsa, shared};
use time::OffsetDateTime;
use timestamp::Timestamper;

fn post(url: &str, body: &[u8]) -> Vec<u8> {
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    write!(stream, "POST /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    answer.split_off(head + 4)
}

/// Asks without any of `timestamp`'s own checks: what is embedded here is judged outside. The same value gets the same token.
#[derive(Debug)]
pub(crate) struct Plain {
    url: String,
    chain: Vec<Bytes>,
    given: Mutex<HashMap<Vec<u8>, Bytes>>,
}

impl Plain {
    pub(crate) fn of(tsa: &Tsa, shared: &Path) -> Self {
        Self { url: tsa.url(""), chain: chain(shared), given: Mutex::default() }
    }
}

#[async_trait]
impl Timestamper for Plain {
    async fn timestamp(&self, value: &[u8], algorithm: HashAlgorithm, _: OffsetDateTime) -> Result<Bytes, timestamp::Error> {
        let mut given = self.given.lock().unwrap();
        let token = given.entry(value.to_vec()).or_insert_with(|| {
            let request = Request::new(value, algorithm, [0xA5; 32]);
            let token = read_response(&post(&self.url, request.der()), &request).unwrap();
            complete_token(&token, &self.chain).unwrap().into()
        });
        Ok(token.clone())
    }

    fn ready(&self) -> Result<(), timestamp::Error> {
        Ok(())
    }
}

fn chain(shared: &Path) -> Vec<Bytes> {
    ["tsa", "root"].map(|name| certificate(shared, name).der().clone()).to_vec()
}

#[tokio::test]
async fn stamps_are_embedded_and_accepted() {
    let Some((shared, tsa)) = shared().zip(Tsa::start()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = shared.join("corpus/pki/root.pem");
    let signer = Signer::of(&shared, "repository", HashAlgorithm::Sha256);
    let authority = Plain::of(&tsa, &shared);
    let words =
        ["verify", "--root", root.to_str().unwrap(), "--mode", "require", "--trusted-repository", &signer.fingerprint()].map(str::to_owned);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut judge = testkit::Judge::start(&words).unwrap();
    for file in ["plain", "author-timestamp", "author-timestamp-repository-timestamp"] {
        let package = Package::read(&shared.join(format!("corpus/made/{file}.nupkg")));
        let stamped = package.signed(&terms(&[]), &signer).stamp(&authority, NOW).await.unwrap();
        let finished = stamped.finish(&package.layout, nupkg::dos_time(NOW), NOW).unwrap();
        assert!(finished.is_timestamped);
        let signed = package.edited(&finished.splice);
        let answer = judge.ask(&signed.store(folder.path(), ""));
        assert_eq!((&answer["valid"], answer["codes"].as_array().map(Vec::len)), (&true.into(), Some(0)), "{file}: {answer}");
        if finished.is_countersignature {
            let restored = signed.unsigned();
            let expected = if finished.base == finished.arrived { package.bytes.clone() } else { package.unsigned().bytes };
            assert!(restored.bytes == expected, "{file}");
        } else {
            openssl_verifies(folder.path(), &finished.p7s);
        }
    }
}

#[test]
fn wrong_answers_of_an_authority_are_told_apart() {
    let Some(tsa) = Tsa::start() else { return };
    let request = Request::new(b"a signature value", HashAlgorithm::Sha256, [0xA5; 32]);
    let answer = |mode: &str| read_response(&post(&tsa.url(mode), request.der()), &request);
    assert!(answer("").is_ok());
    assert!(matches!(answer("wrong-nonce"), Err(ResponseError::Nonce(_))));
    assert_eq!(answer("wrong-imprint"), Err(ResponseError::Imprint));
    assert!(matches!(answer("rejected"), Err(ResponseError::Rejected { status: 2, .. })));
    assert!(matches!(answer("garbage"), Err(ResponseError::Encoding(_))));
    assert!(matches!(answer("empty"), Err(ResponseError::Encoding(_))));
}

#[test]
fn a_nonce_with_leading_zeros_comes_back() {
    let Some(tsa) = Tsa::start() else { return };
    for first in [[0, 0, 0], [0, 0x80, 0], [0xFF, 0xFF, 0xFF], [0x80, 0, 0]] {
        let mut nonce = [7; 32];
        nonce[..3].copy_from_slice(&first);
        let request = Request::new(b"value", HashAlgorithm::Sha384, nonce);
        read_response(&post(&tsa.url(""), request.der()), &request).unwrap();
    }
}

#[test]
fn a_token_without_its_root_is_completed_and_still_verifies() {
    let Some((shared, tsa)) = shared().zip(Tsa::start()) else { return };
    let request = Request::new(b"value", HashAlgorithm::Sha256, [1; 32]);
    let token = read_response(&post(&tsa.url(""), request.der()), &request).unwrap();
    let leaf_only = nuget_signature::timestamp_token::parse(token.clone()).unwrap();
    let completed = complete_token(&token, &chain(&shared)).unwrap();
    let parsed = nuget_signature::timestamp_token::parse(completed.clone()).unwrap();
    for certificate in chain(&shared) {
        assert!(parsed.signed_data().certificates().contains(&certificate));
    }
    assert!(parsed.signed_data().certificates().len() >= leaf_only.signed_data().certificates().len());
    assert_eq!(complete_token(&completed, &chain(&shared)).unwrap(), completed);
}

#[test]
fn a_signature_on_the_edge_of_its_certificates_validity_is_not_made() {
    let Some(shared) = shared() else { return };
    let leaf = certificate(&shared, "repository");
    let second = time::Duration::SECOND;
    let window = |lower, upper| check_window(&leaf, Window { lower, upper });
    let inside = leaf.not_before() + second;
    assert!(window(inside, leaf.not_after() - second).is_ok());
    for outside in [window(leaf.not_before(), inside), window(inside, leaf.not_after())] {
        assert_eq!(outside.unwrap_err().nu(), Some(model::NuCode(3037)));
    }
    let package = Package::read(&shared.join("corpus/made/plain.nupkg"));
    let signer = Signer::of(&shared, "repository-expired", HashAlgorithm::Sha256);
    let late = package.signed(&terms(&[]), &signer).unstamped().finish(&package.layout, 0, NOW);
    assert!(matches!(late, Err(Error::OutsideValidity { .. })));
}
