//! Certificates seen from outside: made once, kept, replaced when configuration says so, listed while packages need them; those of others
//! taken from a PFX only when they can sign.

use std::path::{Path, PathBuf};
use system_tests::{Serve, package, require, wait_until};
use testkit::{judge, shared};

fn key_file(data: &Path) -> PathBuf {
    data.join("keys/certs/repository-signing.pfx")
}

/// Pushes one package and waits until it is served; the file it is kept in.
fn signed(serve: &Serve, id: &str) -> PathBuf {
    serve.push(&package(id, "1.0.0").bytes());
    let file = serve.data().with_extension(format!("{id}.nupkg"));
    std::fs::write(&file, serve.fetch(id, "1.0.0").body).unwrap();
    file
}

/// The fingerprint that NuGet reads from a package's signature, when it accepts it by one of these.
fn signer(file: &Path, trusted: &[String]) -> String {
    let words = require(trusted);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let verdict = judge(&words, &[file]).unwrap().remove(0);
    assert_eq!(verdict["valid"], true, "{verdict}");
    verdict["signature"]["primary"]["signer"]["fingerprint"]
        .as_str()
        .or(verdict["signature"]["primary"]["fingerprint"].as_str())
        .unwrap_or_default()
        .to_owned()
}

fn listed_becomes(serve: &Serve, count: usize) -> Vec<String> {
    wait_until(&format!("{count} certificates to be listed"), || {
        let listed = serve.fingerprints();
        if listed.len() == count { Ok(listed) } else { Err(format!("{listed:?}")) }
    })
}

#[test]
fn one_of_our_own_is_kept_until_configuration_or_a_lost_file_asks_for_another() {
    if shared().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serve = Serve::start(&data, &[]);
    let first_package = signed(&serve, "Bar.First");
    let first = listed_becomes(&serve, 1);
    assert_eq!(serve.stop().code(), Some(0));
    let kept = std::fs::read(key_file(&data)).unwrap();

    let serve = Serve::start(&data, &[]);
    signed(&serve, "Bar.Again");
    assert_eq!(serve.fingerprints(), first, "a restart keeps it");
    assert!(std::fs::read(key_file(&data)).unwrap() == kept);
    assert_eq!(serve.stop().code(), Some(0));

    let serve = Serve::start(&data, &[("Signing__SelfSigned__Organization", "Another")]);
    let second_package = signed(&serve, "Bar.Second");
    let both = listed_becomes(&serve, 2);
    assert!(both.contains(&first[0]), "the old one stays listed: packages need it");
    signer(&first_package, &both);
    signer(&second_package, &both);
    let second: Vec<String> = both.iter().filter(|f| **f != first[0]).cloned().collect();
    signer(&second_package, &second);
    assert_eq!(serve.get(&Serve::path("Bar.First", "1.0.0")).body, std::fs::read(&first_package).unwrap(), "what is signed stays as it is");
    assert_eq!(serve.stop().code(), Some(0));

    std::fs::remove_file(key_file(&data)).unwrap();
    let serve = Serve::start(&data, &[("Signing__SelfSigned__Organization", "Another")]);
    signed(&serve, "Bar.Third");
    let three = listed_becomes(&serve, 3);
    assert!(both.iter().all(|f| three.contains(f)));
    for fingerprint in three {
        let answer = serve.get(&format!("/v3/certificates/{}.crt", fingerprint.to_lowercase()));
        assert_eq!(system_tests::sha256(&answer.body).to_uppercase(), fingerprint);
    }
}

#[test]
fn two_processes_that_start_at_once_end_with_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| Serve::start(&data, &[]));
        let other = Serve::start(&data, &[]);
        (one.join().unwrap(), other)
    });
    for (i, serve) in [&one, &other, &one, &other].into_iter().enumerate() {
        let id = format!("Bar.Shared{i}");
        assert!(matches!(serve.push(&package(&id, "1.0.0").bytes()).status, 201 | 202));
        one.fetch(&id, "1.0.0");
        other.fetch(&id, "1.0.0");
    }
    assert_eq!(one.fingerprints().len(), 1);
    assert_eq!(one.fingerprints(), other.fingerprints());
    assert_eq!(one.rows("SELECT count(DISTINCT fingerprint) FROM signatures"), [serde_json::json!([1])]);
    assert_eq!(one.key_operations() + other.key_operations(), 4.0);
}

/// The configuration that signs with this PFX.
fn stored(pfx: &str, password: &'static str) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("Signing__Mode", "StoredCertificate".to_owned()),
        ("Signing__SelfSigned__KeySize", "-".to_owned()),
        ("Signing__StoredCertificate__FilePath", pfx.to_owned()),
    ];
    if !password.is_empty() {
        settings.push(("Signing__StoredCertificate__Password", password.to_owned()));
    }
    settings
}

fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    settings.iter().map(|(n, v)| (*n, v.as_str())).collect()
}

#[test]
fn one_from_a_pfx_signs_and_clients_that_trust_its_root_accept() {
    let Some(shared) = shared() else { return };
    let pki = shared.join("corpus/pki");
    let prints = std::fs::read_to_string(pki.join("fingerprints.txt")).unwrap();
    let expected = prints.lines().find_map(|l| l.strip_suffix(" repository")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // A relative path is one in the key store.
    std::fs::create_dir_all(data.join("keys/mine")).unwrap();
    std::fs::copy(pki.join("repository.pfx"), data.join("keys/mine/one.pfx")).unwrap();
    for pfx in [pki.join("repository.pfx").to_str().unwrap(), "mine/one.pfx"] {
        let settings = stored(pfx, "test");
        let serve = Serve::start(&data, &borrowed(&settings));
        let file = signed(&serve, &format!("Bar.Pfx{}", pfx.len()));
        assert_eq!(serve.fingerprints(), [expected]);
        let root = pki.join("root.pem");
        let words = ["verify", "--mode", "require", "--root", root.to_str().unwrap(), "--trusted-repository", expected];
        let verdict = judge(&words, &[&file]).unwrap().remove(0);
        assert_eq!(verdict["valid"], true, "{verdict}");
        assert_eq!(serve.stop().code(), Some(0));
    }
}

#[test]
fn one_that_cannot_sign_is_refused_at_start() {
    let Some(shared) = shared() else { return };
    let pki = shared.join("corpus/pki");
    for (file, password, says) in [
        ("repository-no-chain.pfx", "test", "chain"),
        ("repository-1024.pfx", "test", "2048"),
        ("repository-ecdsa.pfx", "test", "RSA"),
        ("repository-lifetime.pfx", "test", "lifetime"),
        ("repository.pfx", "wrong", "password"),
        ("absent.pfx", "", "absent.pfx"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let settings = stored(pki.join(file).to_str().unwrap(), password);
        match Serve::try_start(&folder.path().join("data"), &borrowed(&settings)) {
            Ok(serve) => panic!("{file} was taken: {}", serve.log()),
            Err(log) => assert!(log.to_lowercase().contains(&says.to_lowercase()), "{file} should be refused for {says:?}: {log}"),
        }
    }
}

#[test]
fn one_that_has_ended_takes_no_pushes() {
    let Some(shared) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let settings = stored(shared.join("corpus/pki/repository-expired.pfx").to_str().unwrap(), "test");
    let serve = Serve::start(&folder.path().join("data"), &borrowed(&settings));
    wait_until("the worker to tell the others", || {
        let told = serve.rows("SELECT count(*) FROM credential_status");
        if told == [serde_json::json!([1])] { Ok(()) } else { Err(format!("{told:?}")) }
    });
    let answer = serve.push(&package("Bar.TooLate", "1.0.0").bytes());
    assert_eq!((answer.status, answer.code().as_str()), (503, "certificate_unusable"));
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(serve.rows("SELECT count(*) FROM packages"), [serde_json::json!([0])]);
    assert_eq!(serve.get("/v3/index.json").status, 200, "what is there is still served");
    assert_eq!(serve.key_operations(), 0.0);
}

#[test]
fn one_that_packages_need_is_taken_off_the_list_only_by_force() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serve = Serve::start(&data, &[]);
    let unused = listed_becomes(&serve, 1).remove(0);
    assert_eq!(serve.stop().code(), Some(0));
    let serve = Serve::start(&data, &[("Signing__SelfSigned__Organization", "Another")]);
    serve.push(&package("Bar.Needs", "1.0.0").bytes());
    serve.fetch("Bar.Needs", "1.0.0");
    let used = listed_becomes(&serve, 2).into_iter().find(|f| *f != unused).unwrap();

    let list = serve.tool(&["certificate", "list", "--json"]);
    let lines: Vec<serde_json::Value> = String::from_utf8(list.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in &lines {
        assert_eq!(line["active"], true, "{line}");
        assert_eq!(line["firstUsed"].is_null(), line["fingerprint"] == unused.as_str(), "{line}");
    }

    let refused = serve.tool(&["certificate", "deactivate", &used]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--force"), "{refused:?}");
    assert_eq!(serve.fingerprints().len(), 2);
    assert_eq!(serve.tool(&["certificate", "deactivate", &unused.to_lowercase()]).status.code(), Some(0), "nobody needs this one");
    assert_eq!(listed_becomes(&serve, 1), std::slice::from_ref(&used));
    assert_eq!(serve.tool(&["certificate", "deactivate", &"0".repeat(64)]).status.code(), Some(1));
    assert_eq!(serve.tool(&["certificate", "deactivate", &used, "--force"]).status.code(), Some(0));
    listed_becomes(&serve, 0);
}
