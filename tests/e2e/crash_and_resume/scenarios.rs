//! Every named fail point of a push and of a job is the end of a life in at least one story. A point without one fails the test.

use super::story::{Cargo, Deed, Ending, Life, Outcome, Story};
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use system_tests::{binary, require};
use testkit::{Tsa, judge, shared};

/// Stories at once: most of their time is waiting for disks, processes and the authority.
const AT_ONCE: usize = 4;

#[test]
fn a_crash_at_every_named_point_ends_in_one_signature_or_one_refusal() {
    let Some(shared) = shared() else { return };
    let stories = stories();
    let told: BTreeSet<String> = stories.iter().flat_map(Story::points).map(str::to_owned).collect();
    let there = every_point();
    let untold: Vec<_> = there.difference(&told).collect();
    assert!(untold.is_empty(), "fail points without a story: {untold:?}");
    // The other way about, a story at a point that is no more would not die.

    let folder = tempfile::tempdir().unwrap();
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::<Outcome>::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let tsa = Tsa::start().expect("there is shared material");
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(story) = stories.get(number) else { return };
                    let outcome = story.play(&folder.path().join(number.to_string()), &tsa);
                    outcomes.lock().unwrap().extend(outcome);
                }
            });
        }
    });

    let outcomes = outcomes.into_inner().unwrap();
    let fingerprints: BTreeSet<String> = outcomes.iter().flat_map(|o| o.fingerprints.clone()).collect();
    let mut words = require(&fingerprints.into_iter().collect::<Vec<_>>());
    for root in ["root.pem", "other-root.pem"] {
        words.extend(["--root".to_owned(), shared.join("corpus/pki").join(root).to_str().unwrap().to_owned()]);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let files: Vec<_> = outcomes.iter().map(|o| &o.file).collect();
    for (outcome, verdict) in outcomes.iter().zip(judge(&words, &files).unwrap()) {
        assert_eq!(verdict["valid"], true, "{}: {verdict}", outcome.story);
    }
    println!("{} points, {} stories, {} packages accepted by NuGet", there.len(), stories.len(), outcomes.len());
}

/// What the binary under test says.
fn every_point() -> BTreeSet<String> {
    let out = Command::new(binary()).env("COUNTERSIGN_FAILPOINTS", "list").output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let points: BTreeSet<String> = String::from_utf8(out.stdout).unwrap().lines().map(str::to_owned).collect();
    assert!(points.len() > 50, "{points:?}");
    points
}

fn stories() -> Vec<Story> {
    let mut stories = Vec::new();
    // The slowest first.
    stories.extend(["worker.release.before", "worker.release.committed"].map(stopped));
    stories.extend(["worker.postpone.before", "worker.postpone.committed"].map(write_back_failed));
    let rejected = ["intake.rejected.before", "intake.rejected_deleted", "storage.delete.before", "storage.delete.done"];
    stories.extend(rejected.map(rejected_within_the_wait));
    stories.extend(["worker.reject.before", "worker.reject.committed"].map(rejected_later));
    stories.extend(["worker.retry.before", "worker.retry.committed"].map(stamp_refused));
    stories.extend(["worker.give_up.before", "worker.give_up.committed"].map(given_up));
    stories.extend(["worker.forget_value.before", "worker.forget_value.committed"].map(value_of_another_configuration));
    for point in ["worker.claim_write_backs.before", "worker.claim_write_backs.committed"] {
        stories.push(after("worker.settle.committed", point, Deed::Nothing));
    }
    for point in ["worker.leases.before", "worker.leases.ended"] {
        stories.push(after("worker.claimed", point, Deed::Nothing));
    }
    stories.push(after("storage.adopt.durable", "storage.adopt.touched", Deed::Push));
    stories.push(after("storage.adopt.linked", "storage.adopt.replaced", Deed::PushOverRottenBlob));
    for (point, deed) in [
        ("front.raise.before", Deed::DownloadUnsigned),
        ("front.raise.committed", Deed::DownloadUnsigned),
        ("front.forget_blob.before", Deed::DownloadLost),
        ("front.forget_blob.committed", Deed::DownloadLost),
    ] {
        stories.push(Story::after(Vec::new(), Life::new(point, deed), Cargo::Author, false));
    }
    for point in ["worker.repin.before", "worker.repin.committed"] {
        stories.push(after("worker.claimed", point, Deed::Restored));
    }
    // The same step of the same job, twice.
    stories.push(after("worker.key.answered", "worker.key.answered", Deed::Nothing));
    stories.push(after("worker.value.kept", "worker.settle.before", Deed::Nothing));

    for point in FIRST_START.iter().chain(ARRIVAL).chain(JOB) {
        stories.push(Story::of(point, Cargo::Unsigned, false));
    }
    for point in JOB.iter().chain(STAMPED_JOB) {
        stories.push(Story::of(point, Cargo::Author, true));
    }
    for point in ["intake.blob_stored", "worker.verified", "storage.write_back.linked"] {
        stories.push(Story::of(point, Cargo::Foreign, true));
    }
    stories
}

/// Passed before the first push, or beside it.
const FIRST_START: &[&str] = &[
    "storage.open.probed",
    "keys.temporary.made",
    "keys.temporary.written",
    "keys.temporary.synced",
    "keys.renamed",
    "keys.durable",
    "worker.announce.before",
    "worker.announce.committed",
    "worker.report.before",
    "worker.report.committed",
];

const ARRIVAL: &[&str] = &[
    "storage.spool.made",
    "storage.spool.written",
    "intake.checked",
    "storage.adopt.synced",
    "storage.adopt.linked",
    "storage.adopt.durable",
    "intake.blob_stored",
    "intake.recorded",
];

const JOB: &[&str] = &[
    "worker.claim.before",
    "worker.claimed",
    "worker.intent.before",
    "worker.intent.committed",
    "worker.key.answered",
    "worker.verified",
    "worker.settle.before",
    "worker.settle.committed",
    "worker.write_back.before",
    "storage.write_back.made",
    "storage.write_back.copied",
    "storage.write_back.folder_made",
    "storage.write_back.linked",
    "storage.write_back.durable",
    "worker.write_back.written",
    "worker.write_back.named",
];

const STAMPED_JOB: &[&str] = &["worker.value.kept", "worker.timestamp.answered"];

/// One crash, then another at `point`.
fn after(first: &'static str, point: &'static str, deed: Deed) -> Story {
    Story::after(vec![Life::new(first, Deed::Push)], Life::new(point, deed), Cargo::Unsigned, true)
}

/// The authority keeps a job waiting longer than a stop does: it is handed back.
fn stopped(point: &'static str) -> Story {
    let life =
        Life { authority: "hang", environment: vec![("Signing__TimestampDeadline", "60s")], ..Life::new(point, Deed::StopWhileStamping) };
    Story::after(Vec::new(), life, Cargo::Author, true)
}

/// The disk does not take the signed file.
fn write_back_failed(point: &'static str) -> Story {
    let life = Life { fails_at: Some("storage.write_back.copied"), ..Life::new(point, Deed::Push) };
    Story::after(Vec::new(), life, Cargo::Unsigned, false)
}

/// The authority refuses: the attempt is put off.
fn stamp_refused(point: &'static str) -> Story {
    Story::after(Vec::new(), Life { authority: "rejected", ..Life::new(point, Deed::Push) }, Cargo::Unsigned, true)
}

/// The same, and no attempt is left. A client that pushes again has the job queued again.
fn given_up(point: &'static str) -> Story {
    let life = Life { authority: "rejected", environment: vec![("Limits__MaxAttempts", "1")], ..Life::new(point, Deed::Push) };
    Story { insists: true, ..Story::after(Vec::new(), life, Cargo::Unsigned, true) }
}

/// The kept value names other owners than the configuration does by now: it is forgotten, and the key asked once more.
fn value_of_another_configuration(point: &'static str) -> Story {
    let owners = vec![("Feed__Owners__0", "somebody")];
    let life = Life { environment: owners.clone(), ..Life::new(point, Deed::Nothing) };
    let first = vec![Life::new("worker.value.kept", Deed::Push)];
    Story { environment: owners, key_operations: 2, ..Story::after(first, life, Cargo::Unsigned, true) }
}

/// The policy changes while a package waits: its job is rejected.
fn rejected_later(point: &'static str) -> Story {
    let policy = vec![("Signing__UpstreamSignature", "Reject")];
    let life = Life { environment: policy.clone(), ..Life::new(point, Deed::Nothing) };
    let first = vec![Life::new("worker.claimed", Deed::Push)];
    Story { environment: policy, ending: Ending::Refused, ..Story::after(first, life, Cargo::Foreign, false) }
}

/// Rejected while the push waits.
fn rejected_within_the_wait(point: &'static str) -> Story {
    let policy = vec![("Signing__UpstreamSignature", "Reject")];
    let life = Life::new(point, Deed::RejectedByAnother);
    Story { environment: policy, ending: Ending::Refused, ..Story::after(Vec::new(), life, Cargo::Foreign, false) }
}
