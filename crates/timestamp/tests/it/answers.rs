//! Every answer of the authority, good and bad: each bad one has its own code, and none becomes a token.

use certificates::{Certificate, pem};
use model::retry::Retry;
use model::{Code, HashAlgorithm, NuCode};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use testkit::Tsa;
use time::OffsetDateTime;
use timestamp::{Error, HttpConfig, HttpTimestamper, Timestamper as _};

#[expect(clippy::disallowed_methods, reason = "the authority has no other clock than the machine's")]
pub(crate) fn today() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

pub(crate) fn roots() -> Vec<Certificate> {
    let path = testkit::shared().expect("asked only when there is an authority").join("corpus/pki/root.pem");
    pem::parse_all(&std::fs::read_to_string(path).unwrap()).into_iter().map(|der| Certificate::parse(der).unwrap()).collect()
}

pub(crate) fn client(url: &str) -> HttpTimestamper {
    let config = HttpConfig { deadline: Duration::from_secs(20), ..HttpConfig::default() };
    HttpTimestamper::new(url, roots(), config).unwrap()
}

async fn fails(client: &HttpTimestamper) -> Error {
    client.timestamp(b"a signature value", HashAlgorithm::Sha256, today()).await.unwrap_err()
}

#[tokio::test]
async fn keeps_the_promises() {
    let Some(tsa) = Tsa::start() else { return };
    timestamp::conformance::run(Arc::new(client(&tsa.url(""))), today()).await;
    timestamp::conformance::run(Arc::new(client(&tsa.url("slow/50"))), today()).await;
}

#[tokio::test]
async fn openssl_verifies_what_we_hand_out() {
    let Some(tsa) = Tsa::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    for mode in ["", "sha512"] {
        let token = client(&tsa.url(mode)).timestamp(b"a signature value", HashAlgorithm::Sha384, today()).await.unwrap();
        let (data, file) = (folder.path().join("data"), folder.path().join("token"));
        std::fs::write(&data, b"a signature value").unwrap();
        std::fs::write(&file, &token).unwrap();
        let root = testkit::shared().unwrap().join("corpus/pki/root.pem");
        let arguments = ["ts", "-verify", "-token_in", "-in"];
        let output = Command::new("openssl")
            .args(arguments)
            .args([file.as_path(), Path::new("-data"), &data, Path::new("-CAfile"), &root])
            .output()
            .unwrap();
        assert!(output.status.success(), "{mode}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn each_bad_answer_has_its_own_code() {
    let Some(tsa) = Tsa::start() else { return };
    let cases = [
        ("untrusted", Code::TimestampUntrusted, Some(3028)),
        ("expired", Code::TimestampOutsideValidity, Some(3036)),
        ("no-certs", Code::TimestampSignerMissing, Some(3020)),
        ("wrong-imprint", Code::TimestampImprint, Some(3019)),
        ("wrong-nonce", Code::TimestampNonce, Some(3026)),
        ("rejected", Code::TimestampRefused, None),
        ("garbage", Code::TimestampMalformed, None),
        ("empty", Code::TimestampEmpty, None),
        ("wrong-type", Code::TimestampWrongType, None),
        ("busy", Code::TimestampBusy, None),
        ("throttled", Code::TimestampThrottled, None),
        ("cut", Code::TimestampInterrupted, None),
        ("no-such-answer", Code::TimestampHttpStatus, None),
    ];
    let mut reasons = std::collections::BTreeSet::new();
    for (mode, code, nu) in cases {
        let error = fails(&client(&tsa.url(mode))).await;
        assert_eq!((error.code(), error.nu()), (code, nu.map(NuCode)), "{mode}: {error}");
        assert!(reasons.insert(error.reason().to_owned()), "{mode} has a reason of its own: {error}");
        assert!(!error.to_string().contains(mode), "the address stays out of it: {error}");
        assert_eq!(tsa.counts()[format!("/{mode}")], 1, "{mode}: nothing is retried inside");
    }
    assert_eq!(fails(&client(&tsa.url("busy"))).await.retry(), Retry::After(Duration::from_secs(1)));
    assert_eq!(fails(&client(&tsa.url("throttled"))).await.retry(), Retry::After(Duration::from_secs(2)));
    assert_eq!(fails(&client(&tsa.url("flaky/1"))).await.code(), Code::TimestampBusy);
    assert!(client(&tsa.url("flaky/1")).timestamp(b"v", HashAlgorithm::Sha256, today()).await.is_ok());
}

#[tokio::test]
async fn silence_and_absence_are_told_apart() {
    let Some(tsa) = Tsa::start() else { return };
    let config = HttpConfig { deadline: Duration::from_millis(300), ..HttpConfig::default() };
    let error = fails(&HttpTimestamper::new(&tsa.url("hang"), roots(), config).unwrap()).await;
    assert_eq!((error.code(), error.reason()), (Code::TimestampTimeout, "it did not answer within 0.3 s"));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(fails(&client(&format!("http://{closed}/"))).await.code(), Code::TimestampUnreachable);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    let Some(_tsa) = Tsa::start() else { return };
    let limit = HttpConfig::default().answer_bytes_max;
    let exact = format!("http://{}/", serve_once(&answer(&vec![0x30; limit])));
    assert_eq!(fails(&client(&exact)).await.code(), Code::TimestampMalformed);
    let longer = format!("http://{}/", serve_once(&answer(&vec![0x30; limit + 1])));
    assert_eq!(fails(&client(&longer)).await.code(), Code::TimestampTooLarge);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let Some(tsa) = Tsa::start() else { return };
    let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", tsa.url(""));
    let error = fails(&client(&format!("http://{}/", serve_once(redirect.as_bytes())))).await;
    assert_eq!((error.code(), error.reason()), (Code::TimestampHttpStatus, "it answered 302 Found"));
    assert_eq!(tsa.total(), 0);
}

fn answer(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A server that gives one answer to one request.
fn serve_once(answer: &[u8]) -> std::net::SocketAddr {
    let (listener, answer) = (TcpListener::bind("127.0.0.1:0").unwrap(), answer.to_vec());
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request);
        // The client may have hung up already.
        let _ = stream.write_all(&answer);
        let _ = stream.read(&mut request);
    });
    address
}
