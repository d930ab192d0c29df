//! A worker that dies at any named point: the next one ends the job, signed once, with one key operation and at most one more
//! for a death between the key's answer and the commit.
//!
//! The dying worker is this very test binary, told by environment variables to be one.

use crate::fixture::{Feed, MachineClock};
use model::Clock as _;
use nuget_signature::plan::UpstreamSignature;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use storage::failpoint::Action;
use testkit::Tsa;
use timestamp::{HttpConfig, HttpTimestamper};

const FOLDER: &str = "COUNTERSIGN_TEST_FOLDER";
const POINT: &str = "COUNTERSIGN_TEST_POINT";
const AUTHORITY: &str = "COUNTERSIGN_TEST_AUTHORITY";

/// Points after the key's answer and before anything of it is committed.
const KEY_IS_LOST: &[&str] = &["worker.key.answered"];

/// Points that a job which goes well does not come to; the system tests tell their stories.
const ANOTHER_STORY: &[&str] = &[
    "worker.forget_value.",
    "worker.repin.",
    "worker.retry.",
    "worker.reject.",
    "worker.give_up.",
    "worker.release.",
    "worker.claim_write_backs.",
    "worker.postpone.",
];

async fn feed(folder: &Path, authority: &str) -> Feed {
    let mut feed = Feed::within(folder, UpstreamSignature::ReSign).await.expect("there is shared material");
    feed.config.ends_earlier_leases = true;
    feed.timestamper = Some(Arc::new(HttpTimestamper::new(authority, feed.roots(), HttpConfig::default()).unwrap()));
    feed
}

/// Not a test of its own: what the dying process runs.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "how the test that starts this process tells it what to do")]
async fn dying_worker() {
    let (Ok(folder), Ok(point), Ok(authority)) = (std::env::var(FOLDER), std::env::var(POINT), std::env::var(AUTHORITY)) else { return };
    let feed = feed(Path::new(&folder), &authority).await;
    storage::failpoint::arm(&point, Some(Action::Abort));
    let package = testkit::packages(&feed.shared.join("corpus/unsigned")).remove(0);
    let identity = feed.push(&package).await.unwrap().identity;
    let worker = feed.start();
    feed.signed_file(&identity).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_point_of_a_job_may_be_the_last() {
    let Some(tsa) = Tsa::start() else { return };
    let write_back = ["storage.write_back.copied", "storage.write_back.linked", "storage.write_back.durable"];
    let of_this_job = |point: &&&str| !ANOTHER_STORY.iter().any(|story| point.starts_with(story));
    for point in worker::POINTS.iter().filter(of_this_job).chain(&write_back) {
        let folder = tempfile::tempdir().unwrap();
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::dying_worker"])
            .envs([(FOLDER, folder.path().to_str().unwrap()), (POINT, point), (AUTHORITY, &tsa.url(""))])
            .output()
            .unwrap()
            .status;
        assert!(!status.success(), "the worker dies at {point}");

        let feed = feed(folder.path(), &tsa.url("")).await;
        let package = testkit::packages(&feed.shared.join("corpus/unsigned")).remove(0);
        // A death before the push was recorded: the client pushes again.
        let identity = feed.push(&package).await.unwrap().identity;
        let worker = feed.start();
        let view = feed.until(&identity, point, |view| view.signature.is_some()).await;
        let spliced = feed.spliced(&view).await;
        // What a dead worker was writing is free only after a grace; its name may be there already.
        if view.signature.as_ref().is_some_and(|s| s.signed.is_some()) {
            assert_eq!(std::fs::read(feed.signed_file(&identity).await).unwrap(), spliced, "{point}");
        }
        worker.stop().await;
        let file = feed.folder.join("spliced.nupkg");
        std::fs::write(&file, spliced).unwrap();
        let verdict = feed.judge(&[file]).remove(0);
        assert_eq!(verdict["valid"], true, "{point}: {verdict}");

        let audit = feed.database.audit(0, 1000).await.unwrap();
        let intents = audit.iter().filter(|row| row.intent.is_none()).count();
        let published = audit.iter().filter(|row| row.outcome.as_deref() == Some("signed")).count();
        // An intent that was committed just before the death counts as a use, though the key may not have been asked.
        let allowed = 1 + usize::from(KEY_IS_LOST.contains(point) || *point == "worker.intent.committed");
        assert_eq!((intents, published), (allowed, 1), "{point}: {audit:?}");
        assert!(view.package.created < MachineClock.now(), "{point}");
    }
}
