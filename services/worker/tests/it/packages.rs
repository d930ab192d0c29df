//! Whatever arrives: unsigned, author-signed, another repository's, our own.

use crate::fixture::Feed;
use model::job::JobState;
use model::{Code, PackageIdentity};
use nuget_signature::plan::UpstreamSignature;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every package of these folders that intake takes, one per identity.
async fn push_all(feed: &Feed, folders: &[&str]) -> BTreeMap<String, (PackageIdentity, PathBuf)> {
    let mut pushed = BTreeMap::new();
    for folder in folders {
        for package in testkit::packages(&feed.shared.join("corpus").join(folder)) {
            match feed.push(&package).await {
                Ok(receipt) => {
                    pushed.insert(receipt.identity.to_string(), (receipt.identity, package));
                }
                Err(refusal) => println!("{}: {refusal}", package.display()),
            }
        }
    }
    pushed
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_valid_to_nuget_and_keeps_its_content_hash() {
    let Some(feed) = Feed::open().await else { return };
    let pushed = push_all(&feed, &["unsigned", "real", "signed"]).await;
    assert!(pushed.len() >= 30, "only {} packages were taken", pushed.len());
    let worker = feed.start();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (identity, package) in pushed.values() {
        let view = feed.until(identity, "a settled job", |view| view.job.state != JobState::Pending).await;
        assert_eq!(view.job.state, JobState::Signed, "{identity}: {:?}", view.job.refusal);
        let file = feed.signed_file(identity).await;
        assert_eq!(std::fs::read(&file).unwrap(), feed.spliced(&view).await, "{identity}: what is written is what the splice says");
        before.push(package.clone());
        after.push(file);
    }
    worker.stop().await;
    assert_eq!(feed.count.asked(), pushed.len() as u64, "one key operation for each");
    let (before, after) = (feed.judge(&before), feed.judge(&after));
    for ((before, after), name) in before.iter().zip(&after).zip(pushed.keys()) {
        // The author's own faults (an expired stamp, an unknown root) stay theirs; our signature adds none.
        let theirs = before["codes"].as_array().unwrap();
        let ours: Vec<_> = after["codes"].as_array().unwrap().iter().filter(|c| !theirs.contains(c)).collect();
        let untrusted = ours.iter().all(|c| c.as_str().unwrap().starts_with("W:"));
        assert!(after["valid"] == true || (before["valid"] == false && untrusted), "{name}: {before} became {after}");
        assert_eq!(before["contentHash"], after["contentHash"], "{name}");
    }
    let audit = feed.database.audit(0, 1000).await.unwrap();
    let (intents, outcomes): (Vec<_>, Vec<_>) = audit.iter().partition(|row| row.intent.is_none());
    assert_eq!(intents.len(), pushed.len());
    assert!(outcomes.iter().all(|row| row.outcome.as_deref() == Some("signed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_signature_is_kept_without_a_key() {
    let Some(feed) = Feed::open().await else { return };
    let package = testkit::packages(&feed.shared.join("corpus/unsigned")).remove(0);
    let identity = feed.push(&package).await.unwrap().identity;
    let worker = feed.start();
    let signed = std::fs::read(feed.signed_file(&identity).await).unwrap();
    worker.stop().await;

    // Another feed that knows our certificate gets the signed file.
    let Some(mut other) = Feed::open().await else { return };
    other.keys = std::sync::Arc::clone(&feed.keys);
    let used = feed.count.asked();
    let worker = other.start();
    other.until_announced().await;
    let identity = other.push_bytes(signed.clone()).await.unwrap().identity;
    let file = other.signed_file(&identity).await;
    worker.stop().await;
    assert_eq!(std::fs::read(&file).unwrap(), signed);
    assert!(file.to_string_lossy().contains("/incoming/"), "nothing is copied: {}", file.display());
    assert_eq!(feed.count.asked(), used, "no key was used");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_repositorys_signature_is_rejected_where_policy_says_so() {
    let Some(feed) = Feed::with_policy(UpstreamSignature::Reject).await else { return };
    let package = testkit::packages(&feed.shared.join("corpus/real")).remove(0);
    let identity = feed.push(&package).await.unwrap().identity;
    let worker = feed.start();
    let view = feed.until(&identity, "a settled job", |view| view.job.state != JobState::Pending).await;
    worker.stop().await;
    assert_eq!(view.job.state, JobState::Rejected);
    assert_eq!(view.job.refusal.unwrap().code, Code::UpstreamSignatureRefused);
    assert!(!view.package.holds_identity);
    assert_eq!(feed.count.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_signed_blob_is_written_again_without_a_key() {
    let Some(feed) = Feed::open().await else { return };
    let package = testkit::packages(&feed.shared.join("corpus/unsigned")).remove(0);
    let identity = feed.push(&package).await.unwrap().identity;
    let worker = feed.start();
    let file = feed.signed_file(&identity).await;
    let bytes = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let view = feed.database.find(&identity).await.unwrap().unwrap();
    let path = view.signature.unwrap().signed.unwrap();
    feed.database.forget_signed_blob(view.package.key, &path).await.unwrap();
    let again = feed.signed_file(&identity).await;
    worker.stop().await;
    assert_eq!((again, std::fs::read(&file).unwrap()), (file, bytes));
    assert_eq!(feed.count.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_was_changed_is_never_signed() {
    let Some(feed) = Feed::open().await else { return };
    let package = testkit::packages(&feed.shared.join("corpus/unsigned")).remove(0);
    let identity = feed.push(&package).await.unwrap().identity;
    let view = feed.database.find(&identity).await.unwrap().unwrap();
    let blob = feed.folder.join("blobs").join(&view.package.incoming);
    replace_with_one_bit_changed(&blob);
    let worker = feed.start();
    let view = feed.until(&identity, "a failed attempt", |view| view.job.refusal.is_some()).await;
    worker.stop().await;
    assert_eq!(view.job.refusal.unwrap().code, Code::BlobChanged);
    assert_eq!(feed.count.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_restored_from_a_backup_is_signed_and_written_again() {
    let Some(feed) = Feed::open().await else { return };
    let package = testkit::packages(&feed.shared.join("corpus/unsigned")).remove(0);
    let identity = feed.push(&package).await.unwrap().identity;
    let view = feed.database.find(&identity).await.unwrap().unwrap();
    let blob = feed.folder.join("blobs").join(&view.package.incoming);
    let restore = || {
        let beside = blob.with_extension("restored");
        std::fs::copy(&blob, &beside).unwrap();
        std::fs::rename(beside, &blob).unwrap();
    };
    restore();
    let worker = feed.start();
    let signed = feed.signed_file(&identity).await;
    let written = std::fs::read(&signed).unwrap();
    assert_eq!(feed.database.find(&identity).await.unwrap().unwrap().job.attempts, 1);

    restore();
    std::fs::remove_file(&signed).unwrap();
    let key = feed.database.find(&identity).await.unwrap().unwrap();
    let path = key.signature.unwrap().signed.unwrap();
    feed.database.forget_signed_blob(key.package.key, &path).await.unwrap();
    assert_eq!(std::fs::read(feed.signed_file(&identity).await).unwrap(), written);
    worker.stop().await;
    assert_eq!(feed.count.asked(), 1);
}

fn replace_with_one_bit_changed(blob: &Path) {
    let mut bytes = std::fs::read(blob).unwrap();
    bytes[40] ^= 1;
    let beside = blob.with_extension("changed");
    std::fs::write(&beside, bytes).unwrap();
    std::fs::rename(beside, blob).unwrap();
}

impl Feed {
    async fn until_announced(&self) {
        for _ in 0..400 {
            if !self.database.active_certificates().await.unwrap().is_empty() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("no certificate was announced");
    }
}
