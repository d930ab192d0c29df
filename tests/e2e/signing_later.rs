//! What was taken in while signing was off is signed at its first download; what is signed is rebuilt without the key; what policy refuses
//! later is served as it came, with a warning; and the feed says `allRepositorySigned` exactly while it is true and clients can trust it.

use std::path::{Path, PathBuf};
use system_tests::{Serve, package, require, wait_until};
use testkit::{judge, packages, shared};

fn null(data: &Path) -> Serve {
    Serve::start(data, &[("Signing__Mode", "Null"), ("Signing__SelfSigned__KeySize", "-")])
}

fn signed_blobs(data: &Path) -> Vec<PathBuf> {
    let folder = data.join("packages/signed");
    if folder.exists() { packages(&folder) } else { Vec::new() }
}

fn is_accepted(serve: &Serve, package: &[u8]) -> bool {
    let file = serve.data().join("served.nupkg");
    std::fs::write(&file, package).unwrap();
    let words = require(&serve.fingerprints());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    judge(&words, &[file]).unwrap()[0]["valid"] == true
}

/// The document's word, once it is this.
fn all_signed_becomes(serve: &Serve, word: bool) {
    wait_until(&format!("allRepositorySigned to be {word}"), || {
        let document = serve.get("/v3/repository-signatures/index.json").json();
        if document["allRepositorySigned"] == word { Ok(()) } else { Err(document.to_string()) }
    });
}

#[test]
fn the_first_download_signs_and_a_lost_blob_needs_no_key() {
    if shared().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let came = package("Bar.Dormant", "1.0.0").bytes();
    let path = Serve::path("Bar.Dormant", "1.0.0");
    let off = null(&data);
    assert_eq!(off.push(&came).status, 201);
    assert_eq!(off.get(&path).body, came, "served as it came");
    assert_eq!(off.stop().code(), Some(0));

    let on = Serve::start(&data, &[]);
    assert_eq!(on.get("/v3/package/bar.dormant/index.json").status, 200, "it stays visible");
    assert_eq!(on.key_operations(), 0.0, "nothing is signed before somebody asks");
    let answer = on.get(&path);
    assert_eq!(answer.status, 200);
    assert!(is_accepted(&on, &answer.body));
    assert_eq!(on.key_operations(), 1.0);
    wait_until("the signed blob to be written", || if signed_blobs(&data).len() == 1 { Ok(()) } else { Err("none".to_owned()) });

    std::fs::remove_dir_all(data.join("packages/signed")).unwrap();
    let again = on.get_until(&path, 200);
    assert!(again.body == answer.body, "rebuilt byte for byte");
    wait_until("the signed blob to be written again", || if signed_blobs(&data).len() == 1 { Ok(()) } else { Err("none".to_owned()) });
    assert!(std::fs::read(&signed_blobs(&data)[0]).unwrap() == answer.body);
    assert_eq!(on.key_operations(), 1.0);
    assert_eq!(on.rows("SELECT count(*) FROM audit WHERE outcome IS NULL"), [serde_json::json!([1])]);
    assert_eq!(on.stop().code(), Some(0));

    // Not even a process that has no key.
    std::fs::remove_dir_all(data.join("packages/signed")).unwrap();
    std::fs::remove_dir_all(data.join("keys")).unwrap();
    let off = null(&data);
    assert!(off.get_until(&path, 200).body == answer.body);
}

#[test]
fn a_visible_foreign_signature_that_policy_refuses_is_served_as_it_came() {
    let Some(shared) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = shared.join("corpus/made/repository.nupkg");
    let known = judge(&["nuspec"], &[&file]).unwrap().remove(0);
    let (id, version) = (known["id"].as_str().unwrap(), known["version"].as_str().unwrap());
    let came = std::fs::read(&file).unwrap();
    let off = null(&data);
    assert_eq!(off.push(&came).status, 201);
    assert_eq!(off.stop().code(), Some(0));

    let on = Serve::start(&data, &[("Signing__UpstreamSignature", "Reject"), ("Feed__ClientsTrustCertificates", "true")]);
    let answer = wait_until("its job to be rejected", || {
        let answer = on.get(&Serve::path(id, version));
        if on.status(id, version)["state"] == "rejected" {
            Ok(answer)
        } else {
            Err(format!("{} {}", answer.status, on.status(id, version)))
        }
    });
    let answer = if answer.status == 200 { answer } else { on.get(&Serve::path(id, version)) };
    assert_eq!(answer.status, 200);
    assert!(answer.body == came, "as it came");
    assert!(!answer.header("x-nuget-warning").is_empty(), "{:?}", answer.headers);
    let said = on.status(id, version);
    assert_eq!(said["code"], "upstream_signature_refused", "{said}");
    assert_eq!(on.key_operations(), 0.0);
    // One listed package without a signature of ours is enough.
    on.push(&package("Bar.Beside", "1.0.0").bytes());
    on.fetch("Bar.Beside", "1.0.0");
    all_signed_becomes(&on, false);
    // A new push of the same kind is refused outright, and a name that is taken stays taken.
    let theirs = std::fs::read(shared.join("corpus/made/author-repository.nupkg")).unwrap();
    assert!(matches!(on.push(&theirs).status, 409 | 422));
    assert_eq!(on.push(&package(id, version).bytes()).status, 409);
}

#[test]
fn all_repository_signed_is_said_exactly_while_it_is_true() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let off = null(&data);
    assert_eq!(off.push(&package("Bar.Old", "1.0.0").bytes()).status, 201);
    all_signed_becomes(&off, false);
    assert_eq!(off.stop().code(), Some(0));

    // All signed, and no client could know the certificate.
    let on = Serve::start(&data, &[]);
    on.push(&package("Bar.New", "1.0.0").bytes());
    on.fetch("Bar.New", "1.0.0");
    all_signed_becomes(&on, false);
    assert_eq!(on.stop().code(), Some(0));

    // Clients trust it, and one listed package is not signed yet.
    let trusted = Serve::start(&data, &[("Feed__ClientsTrustCertificates", "true")]);
    assert_eq!(trusted.get("/v3/repository-signatures/index.json").json()["allRepositorySigned"], false);
    assert_eq!(trusted.metric("countersign_all_repository_signed"), 0.0);
    assert_eq!(trusted.get(&Serve::path("Bar.Old", "1.0.0")).status, 200);
    all_signed_becomes(&trusted, true);
    trusted.push(&package("Bar.Newer", "1.0.0").bytes());
    assert_eq!(
        trusted.get("/v3/repository-signatures/index.json").json()["allRepositorySigned"],
        true,
        "a package that waits is not listed"
    );
    trusted.fetch("Bar.Newer", "1.0.0");
    all_signed_becomes(&trusted, true);
    assert_eq!(trusted.stop().code(), Some(0));

    let untrusted = Serve::start(&data, &[]);
    all_signed_becomes(&untrusted, false);
}
