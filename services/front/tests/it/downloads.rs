//! What a download answers: ranges, conditions, and which bytes.

use crate::feed::{Answer, Feed, config};
use model::job::Lane;
use model::{Code, Refusal};
use reqwest::Method;
use std::time::Duration;

const PATH: &str = "/v3/package/bar.a/1.0.0/bar.a.1.0.0.nupkg";

fn package() -> Vec<u8> {
    (0..100_000_u32).flat_map(u32::to_le_bytes).collect()
}

#[tokio::test]
async fn a_signed_package_comes_whole_with_its_validators() {
    let feed = Feed::start(config()).await;
    let signed = feed.add_signed("Bar.A", "1.0.0", &package()).await;
    let whole = feed.get(PATH).await;
    assert_eq!(whole.status, 200);
    assert!(whole.body == signed.bytes);
    assert_eq!(whole.header("content-length"), signed.bytes.len().to_string());
    assert_eq!((whole.header("accept-ranges"), whole.header("content-type")), ("bytes", "application/octet-stream"));
    assert!(whole.header("etag").starts_with('"') && whole.header("etag").ends_with('"'), "{whole:?}");
    assert!(whole.header("last-modified").ends_with(" GMT"));
    let head = Answer::of(feed.request(Method::HEAD, PATH)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["content-length", "etag", "last-modified", "accept-ranges", "content-type"] {
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
}

#[tokio::test]
async fn parts_are_of_the_signed_file() {
    let feed = Feed::start(config()).await;
    let signed = feed.add_signed("Bar.A", "1.0.0", &package()).await;
    let size = signed.bytes.len();
    let middle = size / 2;
    for (words, range) in [
        ("bytes=0-99".to_owned(), 0..100),
        ("bytes=100-".to_owned(), 100..size),
        ("bytes=-50".to_owned(), size - 50..size),
        (format!("bytes={}-{}", middle - 40, middle + 39), middle - 40..middle + 40),
        (format!("bytes=-{}", size * 2), 0..size),
    ] {
        let part = feed.get_with(PATH, "range", &words).await;
        assert_eq!(part.status, 206, "{words}");
        assert!(part.body == signed.bytes[range.clone()], "{words}");
        assert_eq!(part.header("content-range"), format!("bytes {}-{}/{size}", range.start, range.end - 1));
        assert_eq!(part.header("content-length"), range.len().to_string());
    }
    let several = feed.get_with(PATH, "range", "bytes=0-1,5-6").await;
    assert_eq!((several.status, several.body.len()), (200, size));
    let beyond = feed.get_with(PATH, "range", &format!("bytes={size}-")).await;
    assert_eq!(beyond.problem(), (416, "range_not_satisfiable".into()));
    assert_eq!(beyond.header("content-range"), format!("bytes */{size}"));
    let head = Answer::of(feed.request(Method::HEAD, PATH).header("range", "bytes=0-9")).await;
    assert_eq!((head.status, head.header("content-length")), (200, size.to_string().as_str()));
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let feed = Feed::start(config()).await;
    feed.add_signed("Bar.A", "1.0.0", &package()).await;
    let whole = feed.get(PATH).await;
    let (tag, modified) = (whole.header("etag"), whole.header("last-modified"));
    for (name, value) in [("if-none-match", tag), ("if-none-match", "*"), ("if-modified-since", modified)] {
        let unmodified = feed.get_with(PATH, name, value).await;
        assert_eq!((unmodified.status, unmodified.body.len()), (304, 0), "{name}: {value}");
        assert_eq!(unmodified.header("etag"), tag);
    }
    assert_eq!(feed.get_with(PATH, "if-none-match", "\"other\"").await.status, 200);
    assert_eq!(feed.get_with(PATH, "if-match", "\"other\"").await.status, 412);
    for (value, status) in [(tag, 206), ("\"other\"", 200)] {
        let request = feed.request(Method::GET, PATH).header("range", "bytes=0-9").header("if-range", value);
        assert_eq!(Answer::of(request).await.status, status, "{value}");
    }
}

#[tokio::test]
async fn an_identity_is_found_in_any_spelling() {
    let feed = Feed::start(config()).await;
    let signed = feed.add_signed("Bar.A", "1.2-RC", &package()).await;
    for path in [
        "/v3/package/bar.a/1.2.0-rc/bar.a.1.2.0-rc.nupkg",
        "/v3/package/BAR.A/1.2-RC/Bar.A.1.2-RC.nupkg",
        "/v3/package/bar.a/1.2.0.0-Rc+build.5/bar.a.1.2.0-rc.nupkg",
    ] {
        let answer = feed.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body == signed.bytes, "{path}");
    }
    for path in
        ["/v3/package/no.such/1.0.0/no.such.1.0.0.nupkg", "/v3/package/bar.a/2.0.0/bar.a.2.0.0.nupkg", "/v3/package/bar.a/x/bar.a.x.nupkg"]
    {
        assert_eq!(feed.get(path).await.problem(), (404, "package_not_found".into()), "{path}");
    }
    assert_eq!(feed.get("/v3/package/bar.a/1.2.0-rc/icon").await.problem(), (404, "route_not_found".into()));
}

#[tokio::test]
async fn a_missing_signed_blob_is_served_from_the_kept_signature_and_written_again() {
    let feed = Feed::start(config()).await;
    let signed = feed.add_signed("Bar.A", "1.0.0", &package()).await;
    let before = feed.get(PATH).await;
    assert!(feed.store.delete(&signed.key.path()).await.unwrap());
    let after = feed.get(PATH).await;
    assert_eq!((after.status, after.header("etag")), (200, before.header("etag")));
    assert!(after.body == signed.bytes);
    let part = feed.get_with(PATH, "range", "bytes=199990-200040").await;
    assert!(part.body == signed.bytes[199_990..200_041]);
    let due = feed.database.claim_write_backs(9, Duration::from_secs(60), "test").await.unwrap();
    assert_eq!(due.iter().map(|w| w.package.key).collect::<Vec<_>>(), [signed.package]);
    // No attempt was made for it: the key is not asked.
    assert_eq!(feed.view(&due[0].package.identity).await.job.attempts, 1);
    feed.write_back(&signed).await;
    assert!(feed.get(PATH).await.body == signed.bytes);
}

#[tokio::test]
async fn a_signed_blob_of_another_size_is_not_served() {
    let feed = Feed::start(config()).await;
    let view = feed.add("Bar.A", "1.0.0", &package(), Lane::Upload).await;
    let signed = feed.sign(view.job.id, &package()).await;
    // Somebody else's blob stands under the name.
    let path = feed.view(&view.package.identity).await.package.incoming;
    assert!(feed.database.name_signed_blob(signed.package, signed.p7s_sha256, &path).await.unwrap());
    assert!(feed.get(PATH).await.body == signed.bytes);
}

#[tokio::test]
async fn a_blob_restored_from_a_backup_is_served_and_a_changed_one_is_not() {
    let feed = Feed::start(config()).await;
    let view = feed.add("Bar.A", "1.0.0", &package(), Lane::Upload).await;
    let signed = feed.sign(view.job.id, &package()).await;
    let (path, copy) = (feed.folder.path().join("packages").join(&signed.incoming), feed.folder.path().join("copy"));
    let replace = |bytes: &[u8]| {
        std::fs::write(&copy, bytes).unwrap();
        std::fs::rename(&copy, &path).unwrap();
    };
    replace(&package());
    assert!(feed.get(PATH).await.body == signed.bytes);
    let mut changed = package();
    changed[100] ^= 1;
    replace(&changed);
    assert_eq!(feed.get(PATH).await.problem(), (500, "blob_changed".into()));
}

#[tokio::test]
async fn without_the_incoming_blob_there_is_nothing_to_splice() {
    let feed = Feed::start(config()).await;
    let view = feed.add("Bar.A", "1.0.0", &package(), Lane::Upload).await;
    let signed = feed.sign(view.job.id, &package()).await;
    assert!(feed.store.delete(&signed.incoming).await.unwrap());
    assert_eq!(feed.get(PATH).await.problem(), (503, "blob_missing".into()));
}

#[tokio::test]
async fn while_signing_is_off_packages_come_as_they_were_pushed() {
    let feed = Feed::start(front::FrontConfig { signing_enabled: false, ..config() }).await;
    let view = feed.add("Bar.A", "1.0.0", &package(), Lane::Dormant).await;
    let answer = feed.get(PATH).await;
    assert_eq!((answer.status, answer.header("x-nuget-warning")), (200, ""));
    assert!(answer.body == package());
    assert_eq!(feed.view(&view.package.identity).await.job.lane, Lane::Dormant);
}

#[tokio::test]
async fn a_visible_package_that_policy_rejects_comes_as_it_was_pushed_with_a_warning() {
    let feed = Feed::start(config()).await;
    let view = feed.add("Bar.A", "1.0.0", &package(), Lane::Dormant).await;
    feed.database.raise(view.package.key, Lane::Interactive).await.unwrap();
    let claim = feed.claim(view.job.id).await;
    let refusal = Refusal::new(Code::UpstreamSignatureRefused, "the package has a repository signature");
    feed.database.settle_rejected(&claim, &refusal).await.unwrap();
    let answer = feed.get(PATH).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-nuget-warning"), "upstream_signature_refused: the package has a repository signature");
    assert!(answer.body == package());
}

#[tokio::test]
async fn a_rejected_package_that_was_never_visible_is_not_found_but_its_status_is() {
    let feed = Feed::start(config()).await;
    let view = feed.add("Bar.A", "1.0.0", &package(), Lane::Upload).await;
    let claim = feed.claim(view.job.id).await;
    feed.database.settle_rejected(&claim, &Refusal::nu(Code::Zip64, 3006, "Zip64 cannot be signed")).await.unwrap();
    assert_eq!(feed.get(PATH).await.problem(), (404, "package_not_found".into()));
    let status = feed.document("/v3/status/bar.a/1.0.0").await;
    assert_eq!((&status["state"], &status["code"]), (&"rejected".into(), &"zip64".into()));
    assert_eq!(status["reason"], "NU3006: Zip64 cannot be signed");
}
