//! The documents, from real rows.

use crate::feed::{Answer, Feed, config};
use front::{Addresses, FrontConfig};
use model::job::Lane;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn versions_are_the_visible_ones_normalised_and_in_nugets_order() {
    let feed = Feed::start(config()).await;
    for (version, bytes) in [("1.10", "a"), ("1.9.0", "b"), ("1.10.0-RC.10", "c"), ("1.10.0-rc.9", "d")] {
        feed.add_signed("Bar.A", version, format!("bytes of {bytes}").as_bytes()).await;
    }
    feed.add("Bar.A", "9.0.0", b"not signed yet", Lane::Upload).await;
    for path in ["/v3/package/bar.a/index.json", "/v3/package/BAR.A/index.json"] {
        assert_eq!(feed.document(path).await, json!({ "versions": ["1.9.0", "1.10.0-rc.9", "1.10.0-rc.10", "1.10.0"] }));
    }
    assert_eq!(feed.get("/v3/package/no.such/index.json").await.problem(), (404, "package_not_found".into()));
}

#[tokio::test]
async fn the_nuspec_is_the_one_in_the_package_once_it_is_visible() {
    let feed = Feed::start(config()).await;
    let view = feed.add("Bar.A", "1.0.0", b"bytes of a package", Lane::Upload).await;
    let path = "/v3/package/bar.a/1.0.0/bar.a.nuspec";
    assert_eq!(feed.get(path).await.problem(), (404, "package_not_found".into()));
    feed.sign(view.job.id, b"bytes of a package").await;
    let nuspec = feed.get(path).await;
    assert_eq!((nuspec.status, nuspec.body), (200, crate::feed::nuspec("Bar.A", "1.0.0").into_bytes()));
}

#[tokio::test]
async fn the_registration_tells_dependencies_and_where_the_content_is() {
    let feed = Feed::start(config()).await;
    for version in ["2.0.0", "1.0.0"] {
        feed.add_signed("Bar.A", version, version.repeat(9).as_bytes()).await;
    }
    let index = feed.document("/v3/registration/bar.a/index.json").await;
    let page = &index["items"][0];
    assert_eq!((&index["count"], &page["count"], &page["lower"], &page["upper"]), (&json!(1), &json!(2), &json!("1.0.0"), &json!("2.0.0")));
    let entry = &page["items"][0]["catalogEntry"];
    assert_eq!((&entry["id"], &entry["version"], &entry["authors"]), (&json!("Bar.A"), &json!("1.0.0"), &json!("Acme")));
    assert_eq!((&entry["listed"], &entry["tags"], &entry["description"]), (&json!(true), &json!(["one", "two"]), &json!("For tests.")));
    let groups = &entry["dependencyGroups"];
    assert_eq!((&groups[0]["targetFramework"], &groups[0]["dependencies"][0]["id"]), (&json!(".NETStandard2.0"), &json!("Dep.One")));
    assert_eq!(groups[0]["dependencies"][0]["range"], json!("[1.2.0, )"));
    assert_eq!(groups[1]["targetFramework"], json!("net10.0"));
    let content = "https://feed.test/v3/package/bar.a/1.0.0/bar.a.1.0.0.nupkg";
    assert_eq!(page["items"][0]["packageContent"], json!(content));
    let leaf = feed.document("/v3/registration/Bar.A/1.0.json").await;
    assert_eq!((&leaf["packageContent"], &leaf["listed"]), (&json!(content), &json!(true)));
    for path in ["/v3/registration/no.such/index.json", "/v3/registration/bar.a/3.0.0.json"] {
        assert_eq!(feed.get(path).await.problem(), (404, "package_not_found".into()), "{path}");
    }
}

#[tokio::test]
async fn addresses_never_come_from_the_request() {
    let feed = Feed::start(config()).await;
    feed.add_signed("Bar.A", "1.0.0", b"bytes of a package").await;
    for path in ["/v3/index.json", "/v3/registration/bar.a/index.json", "/v3/repository-signatures/index.json"] {
        let request = feed.request(Method::GET, path).header("host", "evil.test").header("x-forwarded-host", "evil.test");
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, 200);
        assert!(!String::from_utf8(answer.body).unwrap().contains("evil"), "{path}");
    }
}

#[tokio::test]
async fn an_http_feed_names_no_repository_signatures_and_serves_them_all_the_same() {
    let addresses = Addresses::new("http://127.0.0.1:5000", "https://localhost:5000");
    let feed = Feed::start(FrontConfig { addresses, ..config() }).await;
    let index = feed.document("/v3/index.json").await;
    assert!(!index.to_string().contains("RepositorySignatures"));
    assert_eq!(
        feed.document("/v3/repository-signatures/index.json").await,
        json!({ "allRepositorySigned": false, "signingCertificates": [] })
    );
}

#[tokio::test]
async fn status_of_what_is_there_and_of_a_stranger() {
    let feed = Feed::start(config()).await;
    feed.add_signed("Bar.A", "1.0", b"bytes of a package").await;
    assert_eq!(
        feed.document("/v3/status/bar.a/1.0.0").await,
        json!({ "id": "Bar.A", "version": "1.0.0", "state": "signed", "reason": null, "code": null, "attempts": 1, "notBefore": null })
    );
    assert_eq!(feed.get("/v3/status/no.such/1.0.0").await.problem(), (404, "package_not_found".into()));
}

#[tokio::test]
async fn other_methods_and_addresses_are_problems_too() {
    let feed = Feed::start(config()).await;
    assert_eq!(Answer::of(feed.request(Method::POST, "/v3/index.json")).await.problem(), (405, "method_not_allowed".into()));
    assert_eq!(feed.get("/v3/nothing").await.problem(), (404, "route_not_found".into()));
}
