//! The verbs that others script: what they print, what they write, how they exit. NuGet's code says whether the results are right.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;
use system_tests::{Serve, countersign, package, sha256};
use testkit::{Tsa, judge, packages, shared};

/// The options that sign with a PFX of the corpus for a feed of tests, without a time-stamp.
fn signing(folder: &Path, pfx: &str) -> Vec<String> {
    let pki = shared().unwrap().join("corpus/pki");
    std::fs::write(folder.join("password"), "test\n").unwrap();
    let (pfx, root) = (pki.join(format!("{pfx}.pfx")), pki.join("root.pem"));
    [
        "sign",
        "--pfx",
        pfx.to_str().unwrap(),
        "--password-file",
        "password",
        "--root",
        root.to_str().unwrap(),
        "--service-index",
        INDEX,
        "--timestamp-url",
        "",
    ]
    .map(str::to_owned)
    .into()
}

const INDEX: &str = "https://feed.test/v3/index.json";

fn run(folder: &Path, words: &[String]) -> Output {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    countersign(folder, &words)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn exits(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", said(output));
}

fn plain() -> PathBuf {
    shared().unwrap().join("corpus/made/plain.nupkg")
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

#[test]
fn sign_then_unsign_is_the_identity() {
    let Some(shared) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let unsigned: Vec<PathBuf> = packages(&shared.join("corpus/unsigned"));
    let theirs: Vec<String> = unsigned
        .iter()
        .enumerate()
        .map(|(i, f)| format!("{}={}", f.display(), folder.path().join(format!("{i}.nupkg")).display()))
        .collect();
    let pki = shared.join("corpus/pki");
    let (pfx, root) = (pki.join("repository.pfx"), pki.join("root.pem"));
    let (pfx, root) = (pfx.to_str().unwrap(), root.to_str().unwrap());
    let by_nuget = ["sign", "--pfx", pfx, "--password", "test", "--root", root, "--type", "repository", "--service-index", INDEX];
    let refused_by_nuget: Vec<bool> = judge(&by_nuget, &theirs).unwrap().iter().map(|a| a["ok"] != true).collect();
    let files: Vec<PathBuf> = unsigned.into_iter().zip(refused_by_nuget).filter(|(_, refused)| !refused).map(|(f, _)| f).collect();
    assert!(files.len() > 20, "only {} packages", files.len());
    let mut sign = signing(folder.path(), "repository");
    sign.extend(words(&["--owner", "acme", "--hash", "SHA384", "--out", "signed"]));
    sign.extend(files.iter().map(|f| f.to_str().unwrap().to_owned()));
    exits(&run(folder.path(), &sign), 0);
    let signed: Vec<PathBuf> = files.iter().map(|f| folder.path().join("signed").join(f.file_name().unwrap())).collect();
    for verdict in judge(&["verify", "--root", root], &signed).unwrap() {
        assert_eq!(verdict["valid"], true, "{verdict}");
        assert_eq!(verdict["signature"]["owners"], serde_json::json!(["acme"]));
        assert_eq!(verdict["signature"]["contentHashAlgorithm"], "SHA384");
    }
    let mut unsign = words(&["unsign", "--out", "restored"]);
    unsign.extend(signed.iter().map(|f| f.to_str().unwrap().to_owned()));
    exits(&run(folder.path(), &unsign), 0);
    for file in &files {
        let restored = folder.path().join("restored").join(file.file_name().unwrap());
        assert!(std::fs::read(restored).unwrap() == std::fs::read(file).unwrap(), "{}", file.display());
    }
}

#[test]
fn what_nugets_signer_refuses_is_refused_with_its_code_and_writes_nothing() {
    let Some(shared) = shared() else { return };
    let tsa = Tsa::start().unwrap();
    let refusals = std::fs::read_to_string(shared.join("corpus/made/refusals.jsonl")).unwrap();
    let made = shared.join("corpus/made");
    let mut tried = 0;
    for line in refusals.lines() {
        let refusal: Value = serde_json::from_str(line).unwrap();
        let (name, code) = (refusal["name"].as_str().unwrap(), refusal["code"].as_str().unwrap());
        let (pfx, file, more): (&str, PathBuf, Vec<String>) = match name {
            "x-twice" => ("repository", made.join("repository.nupkg"), vec![]),
            "x-countersigned-twice" => ("repository", made.join("author-repository.nupkg"), vec![]),
            "x-author-twice" => ("author", made.join("author.nupkg"), words(&["--type", "author"])),
            "x-untrusted-tsa" => ("repository", plain(), words(&["--timestamp-url", &tsa.url("untrusted")])),
            bad => (bad.strip_prefix("x-").unwrap(), plain(), vec![]),
        };
        let pfx = if matches!(pfx, "repository" | "author") { pfx.to_owned() } else { format!("repository-{pfx}") };
        let folder = tempfile::tempdir().unwrap();
        let mut sign = signing(folder.path(), &pfx);
        if name == "x-untrusted-tsa" {
            let at = sign.iter().position(|w| w == "--timestamp-url").unwrap();
            sign.drain(at..at + 2);
        }
        sign.extend(more);
        sign.extend(words(&["--out", "out", file.to_str().unwrap()]));
        let output = run(folder.path(), &sign);
        exits(&output, 1);
        assert!(said(&output).contains(code), "{name}: {code} is expected: {}", said(&output));
        let left: Vec<_> = std::fs::read_dir(folder.path().join("out")).map(|d| d.map(|e| e.unwrap().path()).collect()).unwrap_or_default();
        assert!(left.is_empty(), "{name} left {left:?}");
        tried += 1;
    }
    assert_eq!(tried, 10);
}

#[test]
fn one_refused_file_leaves_the_others_signed() {
    let Some(shared) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut sign = signing(folder.path(), "repository");
    let refused = shared.join("corpus/made/repository.nupkg");
    sign.extend(words(&["--out", "out", refused.to_str().unwrap(), plain().to_str().unwrap()]));
    exits(&run(folder.path(), &sign), 1);
    assert!(folder.path().join("out/plain.nupkg").exists());
    assert!(!folder.path().join("out/repository.nupkg").exists());
    // Usage is told apart from refusal.
    for wrong in [
        words(&["sign", "--out", "out", "x.nupkg"]),
        words(&["sign", "--pfx", "absent.pfx", "--service-index", INDEX, "--out", "out", "x.nupkg"]),
        words(&["no-such-verb"]),
    ] {
        exits(&run(folder.path(), &wrong), 2);
    }
    let mut http = signing(folder.path(), "repository");
    let at = http.iter().position(|w| w == INDEX).unwrap();
    http[at] = "http://feed.test/v3/index.json".to_owned();
    http.extend(words(&["--out", "other", plain().to_str().unwrap()]));
    exits(&run(folder.path(), &http), 2);
}

#[test]
fn unsign_cuts_repository_signatures_alone() {
    let Some(shared) = shared() else { return };
    let made = shared.join("corpus/made");
    let folder = tempfile::tempdir().unwrap();
    let unsign = |file: &str| run(folder.path(), &words(&["unsign", "--out", "out", made.join(file).to_str().unwrap()]));
    let output = unsign("author.nupkg");
    exits(&output, 1);
    assert!(said(&output).contains("nothing to cut"), "{}", said(&output));
    let output = unsign("plain.nupkg");
    exits(&output, 1);
    assert!(said(&output).contains("NU3000"), "{}", said(&output));
    assert!(std::fs::read_dir(folder.path().join("out")).map_or(0, Iterator::count) == 0);

    exits(&unsign("repository-timestamp.nupkg"), 0);
    let before = judge(&["verify"], &[made.join("repository-timestamp.nupkg")]).unwrap().remove(0);
    let after = std::fs::read(folder.path().join("out/repository-timestamp.nupkg")).unwrap();
    let judged = judge(&["verify"], &[folder.path().join("out/repository-timestamp.nupkg")]).unwrap().remove(0);
    assert_eq!(judged["codes"], serde_json::json!(["E:NU3004"]));
    assert_eq!(judged["contentHash"], before["contentHash"]);
    assert_eq!(hex_of_base64(before["signature"]["signedHash"].as_str().unwrap()), sha256(&after));

    exits(&unsign("author-timestamp-repository.nupkg"), 0);
    let root = shared.join("corpus/pki/root.pem");
    let trusting = ["verify", "--root", root.to_str().unwrap()];
    let before = judge(&trusting, &[made.join("author-timestamp-repository.nupkg")]).unwrap().remove(0);
    let after = judge(&trusting, &[folder.path().join("out/author-timestamp-repository.nupkg")]).unwrap().remove(0);
    assert_eq!(after["valid"], true, "{after}");
    assert_eq!(after["signature"]["primary"], before["signature"]["primary"]);
    assert!(after["signature"]["countersignature"].is_null());
}

fn hex_of_base64(text: &str) -> String {
    let value = |c: u8| {
        u32::try_from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".iter().position(|x| *x == c).unwrap()).unwrap()
    };
    let (mut out, mut bits, mut held) = (String::new(), 0_u32, 0);
    for c in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | value(c);
        held += 6;
        if held >= 8 {
            held -= 8;
            out += &format!("{:02x}", bits >> held & 0xFF);
            bits &= (1 << held) - 1;
        }
    }
    out
}

#[test]
fn verify_answers_as_nuget_does() {
    let Some(shared) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let roots = String::from_utf8(std::process::Command::new(shared.join("tools/trustedroots")).output().unwrap().stdout).unwrap();
    let made = packages(&shared.join("corpus/made"));
    let root = shared.join("corpus/pki/root.pem");
    let prints = std::fs::read_to_string(shared.join("corpus/pki/fingerprints.txt")).unwrap();
    let ours = prints.lines().find_map(|l| l.strip_suffix(" repository")).unwrap();
    for options in [
        vec!["--root", root.to_str().unwrap()],
        vec!["--mode", "accept"],
        vec!["--mode", "require", "--trusted-repository", ours, "--root", root.to_str().unwrap()],
        vec!["--mode", "require", "--trusted-repository", ours, "--owner", "contoso", "--root", root.to_str().unwrap()],
        vec!["--mode", "feed", "--trusted-repository", ours, "--root", root.to_str().unwrap()],
        vec!["--fingerprint", ours, "--only-root", "--root", root.to_str().unwrap()],
    ] {
        let mut asked = words(&["verify", "--json", "--trusted-roots", roots.trim()]);
        asked.extend(words(&options));
        asked.extend(made.iter().map(|f| f.to_str().unwrap().to_owned()));
        let output = run(folder.path(), &asked);
        let ours: Vec<Value> =
            output.stdout.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect();
        let mut judging = vec!["verify"];
        judging.extend(&options);
        let theirs = judge(&judging, &made).unwrap();
        assert_eq!(ours.len(), theirs.len());
        for (us, them) in ours.iter().zip(&theirs) {
            for field in ["valid", "signed", "codes", "contentHash"] {
                assert_eq!(us[field], them[field], "{options:?}: {us} against {them}");
            }
        }
        exits(&output, if theirs.iter().all(|t| t["valid"] == true) { 0 } else { 1 });
    }
    exits(&run(folder.path(), &words(&["verify", "absent.nupkg"])), 2);
    exits(&run(folder.path(), &words(&["verify", "--trusted-repository", "short", plain().to_str().unwrap(), "--no-such"])), 2);
}

#[test]
fn inspect_shows_every_signature() {
    let Some(shared) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = shared.join("corpus/made/author-timestamp-repository-timestamp.nupkg");
    let output = run(folder.path(), &words(&["inspect", "--json", file.to_str().unwrap()]));
    exits(&output, 0);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let judged = judge(&["verify"], &[&file]).unwrap().remove(0);
    assert_eq!(shown["contentHash"], judged["contentHash"]);
    assert_eq!(shown["signature"]["signedHash"], judged["signature"]["signedHash"]);
    assert_eq!(shown["signature"]["primary"]["type"], "Author");
    assert_eq!(shown["signature"]["countersignature"]["type"], "Repository");
    for part in ["primary", "countersignature"] {
        assert_eq!(shown["signature"][part]["timestamps"].as_array().unwrap().len(), 1, "{shown}");
    }
    let prints = std::fs::read_to_string(shared.join("corpus/pki/fingerprints.txt")).unwrap();
    for (part, name) in [("primary", "author"), ("countersignature", "repository")] {
        let fingerprint = prints.lines().find_map(|l| l.strip_suffix(&format!(" {name}"))).unwrap();
        assert_eq!(shown["signature"][part]["fingerprint"].as_str().unwrap().to_uppercase(), fingerprint);
    }
    let text = run(folder.path(), &words(&["inspect", file.to_str().unwrap(), plain().to_str().unwrap()]));
    exits(&text, 0);
    assert!(said(&text).contains("not signed"), "{}", said(&text));
    std::fs::write(folder.path().join("junk.nupkg"), "junk").unwrap();
    exits(&run(folder.path(), &words(&["inspect", "junk.nupkg"])), 1);
}

#[test]
fn configuration_is_checked_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        std::fs::write(folder.path().join("c.json"), text).unwrap();
        run(folder.path(), &words(&["check-config", "--config", "c.json", "--data", "data"]))
    };
    exits(&check(r#"{"Signing": {"Mode": "SelfSigned", "TimestampServerUrl": ""}}"#), 0);
    for (text, says) in [
        (r#"{"Signing": {"Mod": "SelfSigned"}}"#, "Mode"),
        (r#"{"Limits": {"MaxPackageByte": 5}}"#, "MaxPackageBytes"),
        (r#"{"Signing": {"Mode": "SelfSigned", "SelfSigned": {"ValidityInDays": 9999}}}"#, "3650"),
        (r#"{"Feed": {"PublicBaseUrl": "http://feed.test"}}"#, "https"),
        (r#"{"Http": {"Listen": "0.0.0.0:5000"}, "Feed": {"PublicBaseUrl": "https://feed.test"}}"#, "Auth:ApiKeys"),
        (
            r#"{"Signing": {"Mode": "SelfSigned", "UpstreamSignature": "ReSign", "PublishSignaturePolicy": "Reject"}}"#,
            "PublishSignaturePolicy",
        ),
        ("{", "c.json"),
    ] {
        let output = check(text);
        exits(&output, 1);
        assert!(said(&output).contains(says), "{text} should name {says}: {}", said(&output));
    }
    assert!(!folder.path().join("data").exists(), "nothing is made");
}

#[test]
fn migrate_and_package_show_read_the_feeds_own_database() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = run(folder.path(), &words(&["migrate", "--data", "data"]));
    exits(&first, 0);
    assert!(data.join("countersign.db").exists());
    let again = run(folder.path(), &words(&["migrate", "--data", "data"]));
    exits(&again, 0);
    assert_ne!(said(&first), said(&again), "the second time there is nothing to do");

    let serve = Serve::start(&data, &[]);
    let bytes = package("Bar.Shown", "1.2.0.0").bytes();
    serve.push(&bytes);
    let served = serve.fetch("Bar.Shown", "1.2.0").body;
    let output = serve.tool(&["package", "show", "BAR.SHOWN", "1.2", "--json"]);
    exits(&output, 0);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let digest = sha256(&bytes);
    assert_eq!((&shown["id"], &shown["version"], &shown["state"]), (&"Bar.Shown".into(), &"1.2.0".into(), &"signed".into()));
    assert_eq!((&shown["received_sha256"], &shown["unsigned_sha256"]), (&digest.as_str().into(), &digest.as_str().into()));
    assert_eq!(shown["reason"], Value::Null);
    assert_eq!(shown["incoming"], format!("incoming/{digest}.nupkg"));
    assert_eq!(shown["fingerprint"].as_str().unwrap(), serve.fingerprints()[0]);
    let blob = system_tests::wait_until("the signed blob to be named", || {
        let shown: Value = serde_json::from_slice(&serve.tool(&["package", "show", "Bar.Shown", "1.2.0", "--json"]).stdout).unwrap();
        shown["signed"].as_str().map(str::to_owned).ok_or_else(|| shown.to_string())
    });
    assert!(std::fs::read(data.join("packages").join(blob)).unwrap() == served);
    exits(&serve.tool(&["package", "show", "No.Such", "1.0.0", "--json"]), 1);
}
