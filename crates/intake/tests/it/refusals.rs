//! What is not taken: every refusal has its code and leaves nothing.

use crate::{Feed, archive, package};
use bytes::Bytes;
use futures::{StreamExt, stream};
use intake::Caller;
use model::{Code, Refusal};
use std::time::Duration;

async fn check(name: &str, bytes: &[u8], code: Code) {
    let feed = Feed::new().await;
    let refused = feed.push(bytes).await.expect_err(name);
    assert_eq!(refused.code, code, "{name}: {refused}");
    feed.assert_empty().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_package_is_told_by_its_code() {
    check("nothing", b"", Code::PackageEmpty).await;
    check("junk", &b"junk".repeat(500), Code::ZipMalformed).await;
    check("no nuspec", &archive(&[("lib/a.txt", b"x")]), Code::NuspecMissing).await;
    let two = archive(&[("a.nuspec", b"<package/>"), ("b.nuspec", b"<package/>")]);
    check("two nuspecs", &two, Code::NuspecAmbiguous).await;
    check("no XML", &archive(&[("a.nuspec", b"junk")]), Code::NuspecInvalid).await;
    check("an id with a slash", &package("a/b", "1.0.0", b"x"), Code::IdInvalid).await;
    check("a version that is none", &package("A", "one", b"x"), Code::VersionInvalid).await;
    let prefixed = [b"prefix".to_vec(), package("A", "1.0.0", b"x")].concat();
    check("bytes before the first entry", &prefixed, Code::ZipMalformed).await;
    let trailing = [package("A", "1.0.0", b"x"), b"more".to_vec()].concat();
    check("bytes after the end", &trailing, Code::ZipTrailingData).await;
    let half = package("A", "1.0.0", &[1; 5000]);
    check("half a package", &half[..half.len() / 2], Code::ZipMalformed).await;
}

#[tokio::test]
async fn limits_are_inclusive() {
    let nuspec = |len: usize| {
        let start = "<?xml version=\"1.0\"?><package><metadata><id>A</id><version>1.0.0</version><authors>me</authors><description>";
        let end = "</description></metadata></package>";
        archive(&[("a.nuspec", format!("{start}{}{end}", "d".repeat(len - start.len() - end.len())).as_bytes())])
    };
    let feed = Feed::with(|config| config.limits.nuspec_bytes = 4096).await;
    assert_eq!(feed.push(&nuspec(4097)).await.unwrap_err().code, Code::NuspecTooLarge);
    feed.assert_empty().await;
    feed.push(&nuspec(4096)).await.unwrap();

    let feed = Feed::with(|config| config.limits.entries = 3).await;
    let nuspec: &[u8] =
        b"<package><metadata><id>A</id><version>1.0.0</version><authors>me</authors><description>d</description></metadata></package>";
    let mut entries = vec![("a.nuspec", nuspec), ("b", &b"x"[..]), ("c", b"x")];
    let at_the_limit = archive(&entries);
    entries.push(("d", b"x"));
    assert_eq!(feed.push(&archive(&entries)).await.unwrap_err().code, Code::TooManyEntries);
    feed.assert_empty().await;
    feed.push(&at_the_limit).await.unwrap();
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing() {
    let feed = Feed::new().await;
    let broken = Refusal::new(Code::RequestMalformed, "the request broke off");
    let body = stream::iter([Ok(Bytes::from(vec![1; 600_000])), Err(broken.clone())]);
    assert_eq!(feed.intake.receive(body, &Caller::default()).await, Err(broken));
    feed.assert_empty().await;
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let feed = Feed::new().await;
    let body = stream::iter([Ok(Bytes::from(vec![1; 200_000]))]).chain(stream::pending());
    let caller = Caller::default();
    {
        let push = feed.intake.receive(body, &caller);
        tokio::pin!(push);
        assert!(futures::poll!(push.as_mut()).is_pending());
        while feed.store.spool().used_bytes() == 0 {
            assert!(futures::poll!(push.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
    }
    feed.assert_empty().await;
}

#[tokio::test]
async fn an_upload_that_does_not_arrive_in_time_is_refused_and_leaves_nothing() {
    let feed = Feed::with(|config| config.arrives_within = Duration::ZERO).await;
    let stalled = stream::iter([Ok(Bytes::from_static(b"PK"))]).chain(stream::pending());
    let refusal = feed.intake.receive(stalled, &Caller::default()).await.unwrap_err();
    assert_eq!(refusal.code, Code::DeadlineExceeded);
    feed.assert_empty().await;
}
