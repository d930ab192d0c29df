//! Protocols, TLS, limits and the stop.

use crate::Running;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::get;
use bytes::Bytes;
use futures::stream;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use web::{Server, ServerConfig, ServerError, TlsFiles};

fn hello() -> Router {
    Router::new().route("/", get(|request: axum::extract::Request| async move { format!("{:?}", request.version()) }))
}

#[tokio::test]
async fn http_1_and_http_2_come_to_the_same_port() {
    let server = Running::start(hello()).await;
    let http2 = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    assert_eq!(reqwest::get(server.url("/")).await.unwrap().text().await.unwrap(), "HTTP/1.1");
    assert_eq!(http2.get(server.url("/")).send().await.unwrap().text().await.unwrap(), "HTTP/2.0");
}

#[tokio::test]
async fn a_request_says_which_address_it_came_from() {
    let router = Router::new().route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }));
    let server = Running::start(router).await;
    assert_eq!(reqwest::get(server.url("/")).await.unwrap().text().await.unwrap(), "127.0.0.1");
}

#[tokio::test]
async fn with_tls_files_it_speaks_tls_and_offers_http_2() {
    let folder = tempfile::tempdir().unwrap();
    let Some(files) = certificate(folder.path()) else { return };
    let root = std::fs::read(&files.certificate).unwrap();
    let server = Running::with(hello(), |config| config.tls = Some(files)).await;
    let client = reqwest::Client::builder().tls_certs_only([reqwest::Certificate::from_pem(&root).unwrap()]).build().unwrap();
    let url = format!("https://localhost:{}/", server.address.port());
    assert_eq!(client.get(&url).send().await.unwrap().text().await.unwrap(), "HTTP/2.0");
    let old = reqwest::Client::builder().tls_certs_only([reqwest::Certificate::from_pem(&root).unwrap()]).http1_only().build().unwrap();
    assert_eq!(old.get(&url).send().await.unwrap().text().await.unwrap(), "HTTP/1.1");
    assert!(reqwest::get(&url).await.is_err(), "a client that does not trust the certificate is not served");
}

#[tokio::test]
async fn tls_files_that_do_not_go_together_are_refused_before_anything_listens() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (Some(one), Some(two)) = (certificate(one.path()), certificate(two.path())) else { return };
    let mixed = TlsFiles { certificate: one.certificate.clone(), key: two.key };
    let missing = TlsFiles { certificate: "/nowhere.pem".into(), key: one.key };
    for files in [mixed, missing] {
        let config = ServerConfig { tls: Some(files), ..ServerConfig::at("127.0.0.1:0".parse().unwrap()) };
        assert!(matches!(Server::bind(config).await, Err(ServerError::Tls(_))));
    }
}

#[tokio::test]
async fn a_taken_address_is_an_error_that_names_it() {
    let server = Running::start(hello()).await;
    let error = Server::bind(ServerConfig::at(server.address)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen at {}", server.address));
}

#[tokio::test]
async fn the_stop_lets_an_answer_finish_and_takes_nothing_new() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let router = Router::new().route("/slow", {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        get(move || async move {
            begun.notify_one();
            go_on.notified().await;
            "done"
        })
    });
    let server = Running::start(router).await;
    let answer = tokio::spawn(reqwest::get(server.url("/slow")));
    begun.notified().await;
    server.stop.cancel();
    // Its socket is closed before the answer is through.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.task.is_finished());
    go_on.notify_one();
    assert_eq!(answer.await.unwrap().unwrap().text().await.unwrap(), "done");
    server.task.await.unwrap();
}

#[tokio::test]
async fn the_stop_ends_with_the_grace() {
    let begun = Arc::new(Notify::new());
    let router = Router::new().route("/for-ever", {
        let begun = Arc::clone(&begun);
        get(move || async move {
            begun.notify_one();
            std::future::pending::<&'static str>().await
        })
    });
    let server = Running::with(router, |config| config.grace = Duration::from_millis(20)).await;
    let answer = tokio::spawn(reqwest::get(server.url("/for-ever")));
    begun.notified().await;
    server.stop.cancel();
    server.task.await.unwrap();
    assert!(answer.await.unwrap().is_err());
}

#[tokio::test]
async fn a_head_that_never_ends_is_not_waited_for() {
    let server = Running::with(hello(), |config| config.header_timeout = Duration::from_millis(50)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&rest));
}

#[tokio::test]
async fn a_body_that_stalls_is_not_waited_for() {
    let router = Router::new().route(
        "/",
        axum::routing::put(|body: Body| async move {
            match axum::body::to_bytes(body, usize::MAX).await {
                Ok(_) => "whole",
                Err(_) => "broken",
            }
        }),
    );
    let server = Running::with(router, |config| config.idle_timeout = Duration::from_millis(50)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc").await.unwrap();
    let mut rest = Vec::new();
    // The connection ends, with or without a reset.
    let _ = stream.read_to_end(&mut rest).await;
    assert!(!String::from_utf8_lossy(&rest).contains("whole"));
}

#[tokio::test]
async fn one_connection_more_than_the_limit_waits_for_another_to_end() {
    let server = Running::with(hello(), |config| config.max_connections = 1).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut begin = [0; 12];
    first.read_exact(&mut begin).await.unwrap();
    let second = tokio::spawn(reqwest::get(server.url("/")));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!second.is_finished());
    drop(first);
    assert_eq!(second.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn an_answer_can_overtake_a_body_that_is_still_being_read() {
    let router = Router::new().route(
        "/",
        axum::routing::put(|body: Body| async move {
            tokio::spawn(axum::body::to_bytes(body, usize::MAX));
            axum::http::StatusCode::BAD_REQUEST
        }),
    );
    let server = Running::start(router).await;
    let chunks = stream::iter((0..200).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&[7; 65_536]))));
    let client = reqwest::Client::new();
    let answer = client.put(server.url("/")).body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    // The body is read to its end, so a client that reads no sooner gets its answer too, and the connection lives on.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = [b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 13107200\r\n\r\n".to_vec(), vec![7; 13_107_200]].concat();
    for _ in 0..2 {
        stream.write_all(&request).await.unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).await.unwrap();
        assert_eq!(&begin, b"HTTP/1.1 400");
        let mut rest = Vec::new();
        while !rest.ends_with(b"\r\n\r\n") {
            rest.push(stream.read_u8().await.unwrap());
        }
    }
}

/// A self-signed certificate for localhost, by OpenSSL.
fn certificate(folder: &std::path::Path) -> Option<TlsFiles> {
    let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&files.key)
        .arg("-out")
        .arg(&files.certificate)
        .output();
    match made {
        Ok(output) if output.status.success() => Some(files),
        other => {
            assert!(std::env::vars_os().all(|(name, _)| name != "COUNTERSIGN_TEST_REQUIRE"), "openssl is missing: {other:?}");
            println!("skipped: there is no openssl");
            None
        }
    }
}
