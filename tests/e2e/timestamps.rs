//! Good time-stamps get in, bad ones fail the attempt with a code of their own and never reach a served package, and an outage of the
//! authority costs no further use of the key. Key uses are counted by metric and audit, requests at the authority.

use serde_json::Value;
use std::path::PathBuf;
use system_tests::{Serve, openssl, package, require, signature_file, value_and_tokens, wait_until};
use testkit::{Tsa, judge, shared};

fn root() -> PathBuf {
    shared().unwrap().join("corpus/pki/root.pem")
}

fn serve(data: &std::path::Path, url: &str) -> Serve {
    let settings = [
        ("Signing__TimestampServerUrl", url),
        ("Signing__TimestampTrustedRoots__0", root().to_str().unwrap()),
        ("Signing__TimestampDeadline", "2s"),
        ("Feed__PushWaitsForSignature", "0"),
    ]
    .map(|(n, v)| (n.to_owned(), v.to_owned()));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    Serve::start(data, &settings)
}

/// NuGet accepts it with one time-stamp; OpenSSL verifies the token, and the message around it.
fn is_accepted(serve: &Serve, package: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("served.nupkg");
    std::fs::write(&file, package).unwrap();
    let mut words = require(&serve.fingerprints());
    words.extend(["--root".to_owned(), root().to_str().unwrap().to_owned()]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let verdict = judge(&words, &[&file]).unwrap().remove(0);
    assert_eq!(verdict["valid"], true, "{verdict}");
    assert_eq!(verdict["signature"]["primary"]["timestamps"].as_array().unwrap().len(), 1, "{verdict}");

    let p7s = signature_file(package);
    let (value, tokens) = value_and_tokens(&p7s);
    assert_eq!(tokens.len(), 1);
    for (name, bytes) in [("p7s", &p7s), ("value", &value), ("token", &tokens[0])] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    openssl(folder.path(), &["ts", "-verify", "-token_in", "-in", "token", "-data", "value", "-CAfile", root().to_str().unwrap()]);
    openssl(folder.path(), &["cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", "p7s", "-out", "content"]);
    assert!(std::fs::read_to_string(folder.path().join("content")).unwrap().starts_with("Version:1"));
}

/// Audit rows: intents, and outcomes by their word.
fn audit(serve: &Serve) -> Vec<Value> {
    serve.rows("SELECT coalesce(outcome, 'intent'), count(*) FROM audit GROUP BY 1 ORDER BY 1")
}

#[test]
fn good_answers_get_in() {
    let Some(tsa) = Tsa::start() else { return };
    for mode in ["", "sha512", "slow/300"] {
        let folder = tempfile::tempdir().unwrap();
        let serve = serve(&folder.path().join("data"), &tsa.url(mode));
        assert_eq!(serve.push(&package("Bar.Stamped", "1.0.0").bytes()).status, 202);
        is_accepted(&serve, &serve.fetch("Bar.Stamped", "1.0.0").body);
    }
    assert_eq!(tsa.total(), 3);
}

#[test]
fn an_outage_costs_requests_but_no_further_use_of_the_key() {
    let Some(tsa) = Tsa::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let serve = serve(&folder.path().join("data"), &tsa.url("flaky/3"));
    assert_eq!(serve.push(&package("Bar.Patient", "1.0.0").bytes()).status, 202);
    is_accepted(&serve, &serve.fetch("Bar.Patient", "1.0.0").body);
    assert_eq!(tsa.total(), 4, "three answers of 503 and a good one");
    assert_eq!(serve.key_operations(), 1.0);
    let intents: Vec<Value> = serve.rows("SELECT count(*) FROM audit WHERE outcome IS NULL");
    assert_eq!(intents, [serde_json::json!([1])], "{:?}", audit(&serve));
}

#[test]
fn a_restart_in_an_outage_costs_no_further_use_of_the_key() {
    let Some(tsa) = Tsa::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let before = serve(&data, &tsa.url("busy"));
    assert_eq!(before.push(&package("Bar.Kept", "1.0.0").bytes()).status, 202);
    wait_until("the first attempt to fail", || {
        let said = before.status("Bar.Kept", "1.0.0");
        if said["code"] == "timestamp_busy" { Ok(()) } else { Err(said.to_string()) }
    });
    assert_eq!(before.key_operations(), 1.0);
    assert_eq!(before.stop().code(), Some(0));
    let after = serve(&data, &tsa.url(""));
    is_accepted(&after, &after.fetch("Bar.Kept", "1.0.0").body);
    assert_eq!(after.key_operations(), 0.0, "the signature value was kept: {:?}", audit(&after));
}

#[test]
fn each_bad_answer_fails_the_attempt_with_a_code_of_its_own() {
    let Some(tsa) = Tsa::start() else { return };
    let expected = [
        ("untrusted", "timestamp_untrusted"),
        ("expired", "timestamp_outside_validity"),
        ("no-certs", "timestamp_signer_missing"),
        ("wrong-imprint", "timestamp_imprint"),
        ("wrong-nonce", "timestamp_nonce"),
        ("rejected", "timestamp_refused"),
        ("garbage", "timestamp_malformed"),
        ("empty", "timestamp_empty"),
        ("wrong-type", "timestamp_wrong_type"),
        ("busy", "timestamp_busy"),
        ("throttled", "timestamp_throttled"),
        ("cut", "timestamp_interrupted"),
        ("hang", "timestamp_timeout"),
    ];
    let tried: Vec<(&str, String, String)> = std::thread::scope(|scope| {
        let halves = expected.chunks(expected.len().div_ceil(2));
        let running: Vec<_> =
            halves.map(|half| scope.spawn(|| half.iter().map(|(mode, _)| bad_answer(&tsa, mode)).collect::<Vec<_>>())).collect();
        running.into_iter().flat_map(|r| r.join().unwrap()).collect()
    });
    let codes: Vec<(&str, &str)> = tried.iter().map(|(mode, code, _)| (*mode, code.as_str())).collect();
    assert_eq!(codes, expected, "{tried:#?}");
    let reasons: std::collections::HashSet<&String> = tried.iter().map(|t| &t.2).collect();
    assert_eq!(reasons.len(), tried.len(), "each has a reason of its own: {tried:#?}");
}

/// Pushes under an authority that answers so; what the status says once an attempt has failed.
fn bad_answer<'a>(tsa: &Tsa, mode: &'a str) -> (&'a str, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let serve = serve(&folder.path().join("data"), &tsa.url(mode));
    assert_eq!(serve.push(&package("Bar.Bad", "1.0.0").bytes()).status, 202, "{mode}");
    let said = wait_until(&format!("an attempt under /{mode} to fail"), || {
        let said = serve.status("Bar.Bad", "1.0.0");
        if said["code"].is_string() { Ok(said) } else { Err(said.to_string()) }
    });
    assert!(matches!(said["state"].as_str(), Some("pending" | "failed")), "{mode}: {said}");
    let answer = serve.get(&Serve::path("Bar.Bad", "1.0.0"));
    assert!(matches!(answer.status, 404 | 503), "{mode}: {} is served", answer.status);
    assert_eq!(serve.get("/v3/package/bar.bad/index.json").status, 404, "{mode}: the version is not listed");
    assert_eq!(serve.rows("SELECT count(*) FROM signatures"), [serde_json::json!([0])], "{mode}");
    assert!(testkit::packages(&folder.path().join("data/packages/signed")).is_empty(), "{mode}: nothing is written");
    (mode, said["code"].as_str().unwrap().to_owned(), said["reason"].as_str().unwrap_or_default().to_owned())
}
