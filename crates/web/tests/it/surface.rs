//! Problems, health and layers as a client sees them.

use crate::Running;
use axum::Router;
use axum::routing::get;
use model::{Code, Refusal};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use web::{Check, Health, Problem, Standing, around, within};

fn refuses() -> Router {
    Router::new().route("/refuse", get(|| async { Problem::new(Refusal::nu(Code::Zip64, 3006, "Zip64 is not signed")) }))
}

#[tokio::test]
async fn a_problem_says_the_same_in_status_line_header_and_body() {
    let server = Running::start(around(refuses())).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /refuse HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 zip64: NU3006: Zip64 is not signed\r\n"), "{head}");
    assert!(head.contains("\r\nx-nuget-warning: zip64: NU3006: Zip64 is not signed\r\n"), "{head}");
    assert!(head.contains("\r\ncontent-type: application/problem+json\r\n"), "{head}");
    assert!(head.contains("\r\nx-request-id: "), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let expected = serde_json::json!({
        "title": "Bad Request", "status": 400, "code": "zip64", "nu": "NU3006",
        "reason": "Zip64 is not signed", "detail": "NU3006: Zip64 is not signed",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let server = Running::start(around(refuses())).await;
    let client = reqwest::Client::new();
    let nowhere = client.get(server.url("/nowhere")).send().await.unwrap();
    assert_eq!(
        (nowhere.status().as_u16(), nowhere.headers()["x-nuget-warning"].to_str().unwrap()),
        (404, "route_not_found: there is no such address")
    );
    let method = client.delete(server.url("/refuse")).send().await.unwrap();
    assert_eq!(method.status(), 405);
    assert!(method.headers()["x-nuget-warning"].to_str().unwrap().starts_with("method_not_allowed: "));
}

#[tokio::test]
async fn a_plain_request_id_is_kept_and_another_is_not() {
    let server = Running::start(around(refuses())).await;
    let client = reqwest::Client::new();
    let answered = |id: &'static str| {
        let request = client.get(server.url("/refuse")).header("x-request-id", id).send();
        async { request.await.unwrap().headers()["x-request-id"].to_str().unwrap().to_owned() }
    };
    assert_eq!(answered("abc-1").await, "abc-1");
    assert_eq!(answered("a b").await.len(), 32);
    assert_eq!(answered("").await.len(), 32);
}

#[tokio::test]
async fn a_route_with_a_deadline_answers_at_it() {
    let router = Router::new().route("/", get(std::future::pending::<&'static str>));
    let server = Running::start(around(within(router, Duration::from_millis(20)))).await;
    let answer = reqwest::get(server.url("/")).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "5");
    assert!(answer.headers()["x-nuget-warning"].to_str().unwrap().starts_with("deadline_exceeded: "));
}

#[tokio::test]
async fn ready_names_every_check_and_fails_with_any_that_fails() {
    let good = Health::new()
        .with(Check::new("database", || async { Standing::Good }))
        .with(Check::new("timestamp", || async { Standing::Note("cannot be reached".into()) }));
    let bad = good.clone().with(Check::new("storage", || async { Standing::Failed(Refusal::new(Code::StorageUnavailable, "disk full")) }));
    for (health, status, word) in [(good, 200, "ready"), (bad, 503, "not ready")] {
        let server = Running::start(around(health.router())).await;
        assert_eq!(reqwest::get(server.url("/health/live")).await.unwrap().status(), 200);
        let ready = reqwest::get(server.url("/health/ready")).await.unwrap();
        assert_eq!(ready.status(), status);
        let body: serde_json::Value = serde_json::from_str(&ready.text().await.unwrap()).unwrap();
        assert_eq!(body["status"], word);
        assert_eq!(
            body["checks"][1],
            serde_json::json!({"name": "timestamp", "status": "note", "code": null, "reason": "cannot be reached"})
        );
        if status == 503 {
            assert_eq!(body["checks"][2]["code"], "storage_unavailable");
        }
    }
}
