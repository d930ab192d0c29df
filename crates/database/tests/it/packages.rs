//! Recording and reading packages.

use crate::fixture::{Fixture, LEASE, identity, package, settled};
use database::{ErrorKind, Inserted, PackageFilter, PackageKey};
use model::job::{JobId, JobState, Lane};
use model::{Code, HashAlgorithm, Refusal};

fn rejected() -> Refusal {
    Refusal::nu(Code::Zip64, 3006, "Zip64 cannot be signed")
}

#[tokio::test]
async fn a_package_is_found_as_it_was_recorded() {
    let fixture = Fixture::new().await;
    let new = package("Some.Package", "1.2.0-Beta", b"content");
    let Inserted::New(record, job) = fixture.insert_package(new.clone(), Lane::Upload).await.expect("records") else { panic!("not new") };
    assert_eq!(record.identity, new.identity);
    assert_eq!((record.received, record.unsigned, record.size), (new.received, new.unsigned, 1000));
    assert_eq!(record.unsigned.by(HashAlgorithm::Sha384), None);
    assert!(record.holds_identity && !record.visible);
    let view = fixture.find(&identity("some.PACKAGE", "1.2-beta")).await.expect("reads").expect("there");
    assert_eq!((&view.package, &view.job, &view.signature), (&record, &job, &None));
    assert_eq!(fixture.find_by_key("some.package", "1.2.0-beta").await.expect("reads"), Some(view.clone()));
    assert_eq!(fixture.find_by_job(job.id).await.expect("reads"), Some(view));
    assert_eq!((job.state, job.lane, job.attempts, job.due_in, job.refusal), (JobState::Pending, Lane::Upload, 0, None, None));
    assert_eq!(fixture.nuspec(record.key).await.expect("reads"), b"<package>Some.Package</package>");
    assert_eq!(fixture.nuspec(PackageKey(99)).await.map_err(|e| e.kind()), Err(ErrorKind::NotFound));
    assert_eq!(fixture.find(&identity("Some.Package", "1.2.1")).await.expect("reads"), None);
}

#[tokio::test]
async fn the_same_bytes_are_the_same_and_others_find_the_identity_taken() {
    let fixture = Fixture::new().await;
    let (record, job) = fixture.push("a", Lane::Upload).await;
    let again = fixture.insert_package(package("A", "1.0.0.0", b"a"), Lane::Upload).await.expect("records");
    assert_eq!(again, Inserted::Same(record.clone(), job));
    let other = fixture.insert_package(package("A", "1.0", b"other"), Lane::Upload).await.expect("records");
    assert_eq!(other, Inserted::Taken(record));
    assert_eq!(fixture.packages(&PackageFilter { limit: 10, ..PackageFilter::default() }).await.expect("lists").len(), 1);
}

#[tokio::test]
async fn a_blob_that_was_made_again_is_pinned_again() {
    let fixture = Fixture::new().await;
    let (record, _) = fixture.push("a", Lane::Upload).await;
    let mut new = package("A", "1.0.0", b"a");
    new.pin = "made again".to_owned();
    let Inserted::Same(same, _) = fixture.insert_package(new, Lane::Upload).await.expect("records") else { panic!("not the same") };
    assert_eq!(same.pin, "made again");

    assert!(fixture.repin(record.key, record.received, "restored").await.expect("writes"));
    let pin = async || fixture.find(&record.identity).await.expect("reads").expect("there").package.pin;
    assert_eq!(pin().await, "restored");
    let other = HashAlgorithm::Sha256.digest(b"other bytes");
    assert!(!fixture.repin(record.key, other, "forged").await.expect("writes"));
    assert_eq!(pin().await, "restored");
}

#[tokio::test]
async fn many_pushes_of_one_package_at_once_record_it_once() {
    let fixture = Fixture::new().await;
    let pushes = (0..20).map(|n| {
        let (database, content) = (fixture.clone(), if n % 2 == 0 { b"even" } else { b"odd!" });
        tokio::spawn(async move { database.insert_package(package("a", "1.0.0", content), Lane::Upload).await.expect("records") })
    });
    let mut count = [0; 3];
    for push in pushes.collect::<Vec<_>>() {
        match push.await.expect("ends") {
            Inserted::New(..) => count[0] += 1,
            Inserted::Same(..) => count[1] += 1,
            Inserted::Taken(..) => count[2] += 1,
        }
    }
    assert_eq!(count, [1, 9, 10]);
}

#[tokio::test]
async fn the_same_bytes_queue_a_failed_job_again() {
    let fixture = Fixture::new().await;
    let (_, job) = fixture.push("a", Lane::Campaign).await;
    let claim = fixture.claim_one().await;
    fixture.settle_failed(&claim, &Refusal::new(Code::AttemptsSpent, "no luck")).await.expect("settles");
    let again = fixture.insert_package(package("a", "1.0.0", b"a"), Lane::Upload).await.expect("records");
    let Inserted::Same(_, job_again) = again else { panic!("{again:?}") };
    assert_eq!((job_again.id, job_again.state, job_again.lane, job_again.attempts), (job.id, JobState::Pending, Lane::Upload, 0));
    assert_eq!(job_again.refusal, None);
    assert_eq!(fixture.claim_one().await.job, job.id);
}

#[tokio::test]
async fn the_same_bytes_wake_a_dormant_job_and_keep_the_package_visible() {
    let fixture = Fixture::new().await;
    let mut shown = package("a", "1.0.0", b"a");
    shown.visible = true;
    fixture.insert_package(shown, Lane::Dormant).await.expect("records");
    let again = fixture.insert_package(package("a", "1.0.0", b"a"), Lane::Upload).await.expect("records");
    let Inserted::Same(record, job) = again else { panic!("{again:?}") };
    assert_eq!((record.visible, job.lane), (true, Lane::Upload));
    // And the other way round: pushed while signing was on, again while it is off.
    fixture.push("b", Lane::Upload).await;
    let mut shown = package("b", "1.0.0", b"b");
    shown.visible = true;
    let again = fixture.insert_package(shown, Lane::Dormant).await.expect("records");
    let Inserted::Same(record, job) = again else { panic!("{again:?}") };
    assert_eq!((record.visible, job.lane), (true, Lane::Upload));
}

#[tokio::test]
async fn a_rejected_package_holds_no_identity_and_shows_why_until_the_next_push() {
    let fixture = Fixture::new().await;
    let (record, job) = fixture.push("a", Lane::Upload).await;
    let claim = fixture.claim_one().await;
    fixture.settle_rejected(&claim, &rejected()).await.expect("settles");
    let view = fixture.find_by_key("a", "1.0.0").await.expect("reads").expect("shown");
    assert_eq!((view.package.holds_identity, view.job.state, view.job.refusal), (false, JobState::Rejected, Some(rejected())));
    // Other bytes may have the identity now, and the rejected row is gone.
    let other = fixture.insert_package(package("a", "1.0.0", b"other"), Lane::Upload).await.expect("records");
    assert!(matches!(other, Inserted::New(..)), "{other:?}");
    assert_eq!(fixture.job(job.id).await.expect("reads"), None);
    assert_eq!(fixture.nuspec(record.key).await.map_err(|e| e.kind()), Err(ErrorKind::NotFound));
    assert!(!fixture.names_blob(&record.incoming).await.expect("reads"));
}

#[tokio::test]
async fn a_visible_package_that_is_rejected_keeps_its_identity() {
    let fixture = Fixture::new().await;
    let mut shown = package("a", "1.0.0", b"a");
    shown.visible = true;
    fixture.insert_package(shown, Lane::Upload).await.expect("records");
    let claim = fixture.claim_one().await;
    fixture.settle_rejected(&claim, &Refusal::new(Code::UpstreamSignatureRefused, "foreign")).await.expect("settles");
    let view = fixture.find_by_key("a", "1.0.0").await.expect("reads").expect("there");
    assert!(view.package.holds_identity && view.package.visible);
    assert_eq!(fixture.delete_rejected(claim.job).await.expect("answers"), None);
    let other = fixture.insert_package(package("a", "1.0.0", b"other"), Lane::Upload).await.expect("records");
    assert!(matches!(other, Inserted::Taken(_)), "{other:?}");
}

#[tokio::test]
async fn deleting_a_rejected_package_leaves_nothing_and_says_what_its_blob_is_to_others() {
    let fixture = Fixture::new().await;
    // Two identities, one file: one blob.
    let (record, _) = fixture.push("a", Lane::Upload).await;
    let mut twin = package("b", "1.0.0", b"a");
    twin.incoming = record.incoming.clone();
    fixture.insert_package(twin, Lane::Upload).await.expect("records");
    let mut left = Vec::new();
    for claim in fixture.claim(2, LEASE, "worker").await.expect("claims") {
        assert_eq!(fixture.delete_rejected(claim.job).await.expect("answers"), None, "pending");
        fixture.settle_rejected(&claim, &rejected()).await.expect("settles");
        let deleted = fixture.delete_rejected(claim.job).await.expect("answers").expect("deleted");
        assert_eq!(deleted.incoming, record.incoming);
        left.push(deleted.still_named);
        assert_eq!(fixture.job(claim.job).await.expect("reads"), None);
    }
    assert_eq!(left, [true, false]);
    assert_eq!(fixture.delete_rejected(JobId(77)).await.expect("answers"), None);
    assert_eq!(fixture.packages(&PackageFilter { limit: 10, ..PackageFilter::default() }).await.expect("lists"), []);
}

#[tokio::test]
async fn only_visible_versions_are_listed() {
    let fixture = Fixture::new().await;
    let fingerprint = fixture.announced("ours").await;
    for version in ["1.0.0", "2.0.0", "3.0.0"] {
        fixture.insert_package(package("a", version, version.as_bytes()), Lane::Upload).await.expect("records");
    }
    assert_eq!(fixture.visible_versions("a").await.expect("lists"), []);
    let claim = fixture.claim_one().await;
    fixture.settle_signed(&claim, settled(&claim.package, &fingerprint, None)).await.expect("settles");
    let visible = fixture.visible_versions("a").await.expect("lists");
    assert_eq!(visible.iter().map(|v| v.package.identity.version.as_str()).collect::<Vec<_>>(), ["1.0.0"]);
    let nuspecs = fixture.visible_nuspecs("a").await.expect("lists");
    assert_eq!(nuspecs, [(visible[0].package.key, b"<package>a</package>".to_vec())]);
    // An operator has it signed again: it stays visible all the while, whatever comes of it.
    fixture.requeue(claim.job, Lane::Upload).await.expect("queues");
    let claim = fixture.claim_jobs(&[claim.job], LEASE, "worker").await.expect("claims").pop().expect("the job");
    assert_eq!(fixture.visible_versions("a").await.expect("lists").len(), 1);
    fixture.settle_rejected(&claim, &rejected()).await.expect("settles");
    assert_eq!(fixture.visible_versions("a").await.expect("lists").len(), 1);
}

#[tokio::test]
async fn an_operator_lists_by_state_and_id_page_by_page() {
    let fixture = Fixture::new().await;
    for id in ["a", "b", "c"] {
        fixture.push(id, Lane::Upload).await;
    }
    let claim = fixture.claim_one().await;
    fixture.settle_failed(&claim, &Refusal::new(Code::AttemptsSpent, "no luck")).await.expect("settles");
    let list = async |filter: PackageFilter| {
        let views = fixture.packages(&filter).await.expect("lists");
        views.into_iter().map(|v| v.package.identity.id.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(PackageFilter { limit: 2, ..PackageFilter::default() }).await, ["a", "b"]);
    let after = Some(claim.package.key);
    assert_eq!(list(PackageFilter { after, limit: 5, ..PackageFilter::default() }).await, ["b", "c"]);
    assert_eq!(list(PackageFilter { state: Some(JobState::Failed), limit: 5, ..PackageFilter::default() }).await, ["a"]);
    assert_eq!(list(PackageFilter { id_lower: Some("c".to_owned()), limit: 5, ..PackageFilter::default() }).await, ["c"]);
}
