//! Refusals before the body is read: the client gets to see them, however it sends.

use crate::{Ingest, KEY, form, package};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const LARGE: usize = 20 << 20;

fn head(key: Option<&str>, more: &str) -> Vec<u8> {
    let key = key.map(|key| format!("X-NuGet-ApiKey: {key}\r\n")).unwrap_or_default();
    format!("PUT /api/v2/package HTTP/1.1\r\nHost: x\r\n{key}{more}\r\n").into_bytes()
}

#[tokio::test]
async fn a_client_that_sends_all_before_it_reads_sees_why_it_is_refused() {
    let ingest = Ingest::start().await;
    let body = vec![7; LARGE];
    let length = format!("Content-Length: {LARGE}\r\n");
    for (key, status_line) in [
        (None, "HTTP/1.1 401 push_key_missing: a push needs a key: give it as X-NuGet-ApiKey\r\n"),
        (Some("wrong"), "HTTP/1.1 403 push_key_wrong: the push key is not one of ours\r\n"),
        (Some(KEY), "HTTP/1.1 413 package_too_large: the package has more than 4194304 bytes\r\n"),
    ] {
        let answer = ingest.exchange(&[head(key, &length), body.clone()].concat()).await;
        assert!(answer.starts_with(status_line), "{answer}");
    }
    // The same without a length said beforehand.
    let chunk = [format!("{LARGE:x}\r\n").into_bytes(), body, b"\r\n0\r\n\r\n".to_vec()].concat();
    let answer = ingest.exchange(&[head(Some(KEY), "Transfer-Encoding: chunked\r\n"), chunk].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 413 package_too_large"), "{answer}");
    assert_eq!((ingest.packages().await, ingest.store.spool().used_bytes()), (0, 0));
}

#[tokio::test]
async fn a_refused_connection_serves_the_next_push() {
    let ingest = Ingest::start().await;
    let body = form(&package("A", &[1; 500_000]));
    let more = format!("Content-Type: multipart/form-data; boundary=e1a2\r\nContent-Length: {}\r\n", body.len());
    let mut stream = TcpStream::connect(ingest.address).await.unwrap();
    for (key, status) in [("wrong", "403"), (KEY, "202"), (KEY, "202"), ("wrong", "403")] {
        stream.write_all(&[head(Some(key), &more), body.clone()].concat()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        let answer = String::from_utf8(answer).unwrap();
        assert_eq!(&answer[9..12], status, "{answer}");
        let length: usize = answer.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        stream.read_exact(&mut vec![0; length]).await.unwrap();
    }
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_is_told_without_sending() {
    let ingest = Ingest::start().await;
    let more = format!("Expect: 100-continue\r\nContent-Length: {LARGE}\r\n");
    let refused = ingest.exchange(&head(None, &more)).await;
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let more = "Expect: 100-continue\r\nContent-Length: 1000\r\n";
    let asked = ingest.exchange(&head(Some(KEY), more)).await;
    assert!(asked.starts_with("HTTP/1.1 100 "), "{asked}");
}

#[tokio::test]
async fn a_push_that_breaks_off_leaves_nothing() {
    let ingest = Ingest::start().await;
    let mut stream = TcpStream::connect(ingest.address).await.unwrap();
    stream.write_all(&head(Some(KEY), "Content-Length: 1000000\r\n")).await.unwrap();
    stream.write_all(&[7; 600_000]).await.unwrap();
    while ingest.store.spool().used_bytes() == 0 {
        tokio::task::yield_now().await;
    }
    drop(stream);
    while ingest.store.spool().used_bytes() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ingest.packages().await, 0);
}
