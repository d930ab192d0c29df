//! However many ask at once, a package is signed once, time-stamped once, recorded once.

use std::collections::HashMap;
use system_tests::{Answer, Entry, Serve, package, sha256};
use testkit::{Tsa, shared};

/// `count` threads do the same at once.
fn at_once(count: usize, work: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let together = std::sync::Barrier::new(count);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..count)
            .map(|i| {
                let (together, work) = (&together, &work);
                scope.spawn(move || {
                    together.wait();
                    work(i)
                })
            })
            .collect();
        running.into_iter().map(|r| r.join().unwrap()).collect()
    })
}

#[test]
fn of_two_hundred_first_downloads() {
    let Some(tsa) = Tsa::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let off = Serve::start(&data, &[("Signing__Mode", "Null"), ("Signing__SelfSigned__KeySize", "-")]);
    assert_eq!(off.push(&package("Bar.Wanted", "1.0.0").bytes()).status, 201);
    assert_eq!(off.stop().code(), Some(0));

    let root = shared().unwrap().join("corpus/pki/root.pem");
    let on = Serve::start(
        &data,
        &[
            ("Signing__TimestampServerUrl", &tsa.url("slow/500")),
            ("Signing__TimestampTrustedRoots__0", root.to_str().unwrap()),
            ("Limits__MaxSignNowWaitersPerClient", "200"),
        ],
    );
    let path = Serve::path("Bar.Wanted", "1.0.0");
    let answers = at_once(200, |_| on.get(&path));
    let mut kinds: HashMap<(u16, String, String), usize> = HashMap::new();
    for answer in &answers {
        *kinds.entry((answer.status, sha256(&answer.body), answer.header("etag").to_owned())).or_default() += 1;
    }
    assert_eq!(kinds.len(), 1, "{kinds:?}");
    assert_eq!(answers[0].status, 200);
    assert_eq!(on.key_operations(), 1.0);
    assert_eq!(tsa.total(), 1, "{}", tsa.counts());
    assert_eq!(on.rows("SELECT count(*) FROM audit WHERE outcome IS NULL"), [serde_json::json!([1])]);
    assert_eq!(on.rows("SELECT attempts FROM jobs"), [serde_json::json!([1])]);
}

#[test]
fn of_one_push_by_twenty_clients() {
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(&folder.path().join("data"), &[]);
    let bytes = package("Bar.Same", "1.0.0").bytes();
    for answer in at_once(20, |_| serve.push(&bytes)) {
        assert!(matches!(answer.status, 201 | 202), "{} {}", answer.status, String::from_utf8_lossy(&answer.body));
    }
    serve.fetch("Bar.Same", "1.0.0");
    assert_eq!(serve.rows("SELECT count(*) FROM packages"), [serde_json::json!([1])]);
    assert_eq!(serve.rows("SELECT count(*) FROM jobs"), [serde_json::json!([1])]);
    assert_eq!(serve.rows("SELECT count(*) FROM signatures"), [serde_json::json!([1])]);
    assert_eq!(serve.key_operations(), 1.0);
    let incoming = testkit::packages(&serve.data().join("packages/incoming"));
    assert_eq!(incoming.len(), 1, "{incoming:?}");

    let mut other = package("Bar.Same", "1.0.0");
    other.entries.push(Entry::stored("content/more.txt", b"more"));
    let answer = serve.push(&other.bytes());
    assert_eq!((answer.status, answer.code().as_str()), (409, "identity_taken"));
    assert_eq!(serve.push(&bytes).status, 201, "the one that is there is still welcome");
}

#[test]
fn of_twenty_different_packages_of_one_name() {
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(&folder.path().join("data"), &[]);
    let answers = at_once(20, |i| {
        let mut one = package("Bar.Raced", if i % 2 == 0 { "1.0.0" } else { "1.0" });
        one.entries.push(Entry::stored("content/number.txt", i.to_string().as_bytes()));
        serve.push(&one.bytes())
    });
    let taken = answers.iter().filter(|a| matches!(a.status, 201 | 202)).count();
    let refused = answers.iter().filter(|a| a.status == 409 && a.code() == "identity_taken").count();
    assert_eq!((taken, refused), (1, 19), "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
    serve.fetch("Bar.Raced", "1.0.0");
    assert_eq!(serve.rows("SELECT count(*) FROM packages WHERE holds_identity"), [serde_json::json!([1])]);
    assert_eq!(serve.key_operations(), 1.0);
}
