//! Bodies as clients send them, and answers.

use crate::{Ingest, KEY, form, package};
use reqwest::{Body, Client};

fn chunked(bytes: &[u8], piece: usize) -> Body {
    let pieces: Vec<_> = bytes.chunks(piece).map(|p| Ok::<_, std::io::Error>(p.to_vec())).collect();
    Body::wrap_stream(futures::stream::iter(pieces))
}

#[tokio::test]
async fn a_package_comes_in_every_way_that_clients_send_it() {
    let ingest = Ingest::start().await;
    let (http1, http2) = (Client::new(), Client::builder().http2_prior_knowledge().build().unwrap());
    let (form_quoted, form_bare) = ("multipart/form-data; boundary=\"e1a2\"", "multipart/form-data; boundary=e1a2");
    let mut count = 0;
    for client in [&http1, &http2] {
        for slash in ["", "/"] {
            for (kind, is_form) in [(form_quoted, true), (form_bare, true), ("application/octet-stream", false)] {
                for is_chunked in [false, true] {
                    count += 1;
                    let id = format!("Some.Package{count}");
                    let package = package(&id, &[7; 300_000]);
                    let body = if is_form { form(&package) } else { package };
                    let body = if is_chunked { chunked(&body, 9000) } else { Body::from(body) };
                    let request = client.put(format!("{}{slash}", ingest.url())).header("X-NuGet-ApiKey", KEY).header("Content-Type", kind);
                    let answer = request.body(body).send().await.unwrap();
                    assert_eq!(answer.status(), 202, "{kind} {slash} {is_chunked}: {:?}", answer.headers().get("x-nuget-warning"));
                    let path = format!("/v3/status/{}/1.0.0", id.to_lowercase());
                    assert_eq!(answer.headers()["location"], path);
                    let body = answer.text().await.unwrap();
                    assert_eq!(body, format!("{{\"id\":\"{id}\",\"version\":\"1.0.0\",\"state\":\"accepted\",\"status\":\"{path}\"}}"));
                }
            }
        }
    }
    assert_eq!(ingest.packages().await, count);
}

#[tokio::test]
async fn a_bearer_token_is_a_key_too() {
    let ingest = Ingest::start().await;
    let answer = Client::new().put(ingest.url()).bearer_auth(KEY).body(package("A", b"x")).send().await.unwrap();
    assert_eq!(answer.status(), 202);
}

#[tokio::test]
async fn refusals_have_their_status_and_their_code_in_header_and_body() {
    let ingest = Ingest::start().await;
    assert_eq!(ingest.push_raw(package("A", b"x")).await.status(), 202);
    let cases = [
        (package("A", b"other"), 409, "identity_taken"),
        (b"junk".repeat(500), 400, "zip_malformed"),
        (Vec::new(), 400, "package_empty"),
        (vec![0; (4 << 20) + 1], 413, "package_too_large"),
    ];
    for (body, status, code) in cases {
        let answer = ingest.push_raw(body).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert!(answer.headers()["x-nuget-warning"].to_str().unwrap().starts_with(&format!("{code}: ")));
        assert!(answer.text().await.unwrap().contains(&format!("\"code\":\"{code}\"")));
    }
    assert_eq!(ingest.packages().await, 1);
}

#[tokio::test]
async fn a_form_without_a_file_is_malformed() {
    let ingest = Ingest::start().await;
    let form = reqwest::multipart::Form::new().text("note", "hello");
    let answer = Client::new().put(ingest.url()).header("X-NuGet-ApiKey", KEY).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.headers()["x-nuget-warning"], "request_malformed: the form has no file");
}

#[tokio::test]
async fn a_package_of_exactly_the_limit_is_taken_in_either_form() {
    let around = package("A", b"").len();
    for is_form in [true, false] {
        for (more, status) in [(0, 202), (1, 413)] {
            let bytes = package("A", &vec![7; 100_000 - around + more]);
            assert_eq!(bytes.len(), 100_000 + more);
            let ingest = Ingest::with(|spool| spool.max_package_bytes = 100_000).await;
            let kind = if is_form { "multipart/form-data; boundary=e1a2" } else { "application/octet-stream" };
            let body = if is_form { form(&bytes) } else { bytes };
            let request = Client::new().put(ingest.url()).header("X-NuGet-ApiKey", KEY).header("Content-Type", kind);
            let answer = request.body(chunked(&body, 10_000)).send().await.unwrap();
            assert_eq!(answer.status(), status, "{is_form} {more}");
        }
    }
}

#[tokio::test]
async fn one_push_more_than_the_limit_is_told_when_to_come_back() {
    let ingest = Ingest::with(|spool| spool.max_uploads = 0).await;
    let answer = ingest.push_raw(package("A", b"x")).await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "1");
    let ingest = Ingest::with(|spool| spool.max_total_bytes = 100).await;
    let answer = ingest.push_raw(package("A", b"x")).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "5"));
}
