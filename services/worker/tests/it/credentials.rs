//! Which certificate signs: announced before its first use, exchanged while the worker runs, reported to the others.

use crate::fixture::{Exchangeable, Feed, stored};
use model::Code;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn an_exchanged_certificate_is_announced_and_used() {
    let Some(mut feed) = Feed::open().await else { return };
    let keys = feed.folder.join("keys");
    let provider = Arc::new(Exchangeable(Mutex::new(stored(&feed.shared, "repository.pfx", &keys))));
    feed.keys = Arc::clone(&provider) as _;
    feed.config.heartbeat = Duration::from_millis(200);
    let packages = testkit::packages(&feed.shared.join("corpus/unsigned"));
    let worker = feed.start();
    let first = feed.push(&packages[0]).await.unwrap().identity;
    let by = |view: &database::PackageView| view.signature.as_ref().map(|s| s.fingerprint.clone());
    let view = feed.until(&first, "a signature", |view| view.signature.is_some()).await;
    assert_eq!(by(&view), Some(feed.fingerprint("repository")));

    *provider.0.lock().unwrap() = stored(&feed.shared, "repository3072.pfx", &keys);
    let expected = feed.fingerprint("repository3072");
    feed.until_reported(|status| status.report.fingerprint.as_ref() == Some(&expected)).await;
    let second = feed.push(&packages[1]).await.unwrap().identity;
    let view = feed.until(&second, "a signature", |view| view.signature.is_some()).await;
    assert_eq!(by(&view), Some(expected));
    let announced = feed.database.active_certificates().await.unwrap();
    assert!(announced.iter().all(|c| c.first_used.is_some_and(|used| used >= c.announced)), "{announced:?}");
    assert_eq!(announced.len(), 2);

    // An expired one signs nothing, and says so.
    *provider.0.lock().unwrap() = stored(&feed.shared, "repository-expired.pfx", &keys);
    feed.until_reported(|status| status.report.trouble.as_ref().is_some_and(|t| t.code == Code::CertificateUnusable)).await;
    let third = feed.push(&packages[2]).await;
    assert_eq!(third.unwrap_err().code, Code::CertificateUnusable);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_off_the_list_signs_nothing() {
    let Some(mut feed) = Feed::open().await else { return };
    feed.config.heartbeat = Duration::from_millis(200);
    let worker = feed.start();
    let fingerprint = feed.fingerprint("repository");
    feed.until_reported(|status| status.report.fingerprint.as_ref() == Some(&fingerprint)).await;
    feed.database.deactivate(&fingerprint, false).await.unwrap();
    feed.until_reported(|status| status.report.trouble.as_ref().is_some_and(|t| t.code == Code::CertificateUnusable)).await;
    worker.stop().await;
    assert_eq!(feed.count.asked(), 0);
}

impl Feed {
    async fn until_reported(&self, reached: impl Fn(&database::CredentialStatus) -> bool) {
        let mut last = Vec::new();
        for _ in 0..600 {
            last = self.database.credential_status().await.unwrap();
            if last.iter().any(&reached) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the last reports: {last:?}");
    }
}
