//! The official client gets along with the feed: push, restore, add, list, download, trust and verify over https in `require` mode; and a
//! client that knows nothing but the address restores from a default `serve`, over http and https.

use std::path::Path;
use system_tests::{OfficialClient, Serve, TlsFiles, free_port, pack};

const REQUIRE: &str = "<add key=\"signatureValidationMode\" value=\"require\"/>";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The two packages of these tests, one depending on the other.
fn packages(folder: &Path) -> Option<()> {
    for version in ["1.2.3", "1.3.0", "1.4.0-rc.1"] {
        pack(folder, "Bar.Sample", version, 3_000)?;
    }
    let judge = testkit::shared()?.join("tools/judge");
    let done = std::process::Command::new(judge)
        .args(["pack", "--id", "Bar.Other", "--version", "2.0.0-rc.1", "--dependency", "Bar.Sample@[1.2.3]", "--out"])
        .arg(folder.join("Bar.Other.2.0.0-rc.1.nupkg"))
        .output()
        .unwrap();
    assert!(done.status.success());
    Some(())
}

#[test]
fn over_https_with_our_certificate_trusted_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let tls = TlsFiles::make(&folder.path().join("tls"));
    let Some(client) = OfficialClient::new(&folder.path().join("client"), Some(&tls)) else { return };
    packages(client.folder()).unwrap();
    let port = free_port();
    let base = format!("https://localhost:{port}");
    let index = format!("{base}/v3/index.json");
    let serve = Serve::try_start_at(
        &format!("127.0.0.1:{port}"),
        &folder.path().join("data"),
        &[("Http__Tls__CertificatePath", text(&tls.certificate)), ("Http__Tls__KeyPath", text(&tls.key)), ("Feed__PublicBaseUrl", &base)],
    )
    .unwrap();
    assert_eq!(serve.http, base);

    client.configure(&index, "", REQUIRE, "");
    for file in ["Bar.Sample.1.2.3.nupkg", "Bar.Sample.1.3.0.nupkg", "Bar.Other.2.0.0-rc.1.nupkg"] {
        client.run(&["nuget", "push", file, "-s", "ours", "-k", "test-key"]).succeeds();
    }
    // The same again is fine; a key that is none of ours is not.
    client.run(&["nuget", "push", "Bar.Sample.1.2.3.nupkg", "-s", "ours", "-k", "test-key"]).succeeds();
    client.run(&["nuget", "push", "Bar.Sample.1.4.0-rc.1.nupkg", "-s", "ours", "-k", "wrong"]).fails_with("403");
    assert!(serve.status("Bar.Sample", "1.4.0-rc.1").is_null());
    let served = client.folder().join("served.nupkg");
    std::fs::write(&served, serve.fetch("Bar.Other", "2.0.0-rc.1").body).unwrap();
    serve.fetch("Bar.Sample", "1.2.3");
    let ours = serve.fingerprints().remove(0);

    let trust = |fingerprint: &str| {
        format!(
            "<trustedSigners><repository name=\"ours\" serviceIndex=\"{index}\">\
             <certificate fingerprint=\"{fingerprint}\" hashAlgorithm=\"SHA256\" allowUntrustedRoot=\"true\"/></repository></trustedSigners>"
        )
    };
    client.project(&[("Bar.Other", "2.0.0-rc.1")]);
    client.configure(&index, "", REQUIRE, &trust(&"0".repeat(64)));
    client.run(&["restore", "--no-http-cache"]).fails_with("NU3034");
    assert!(!client.has("Bar.Other", "2.0.0-rc.1"));
    client.configure(&index, "", REQUIRE, &trust(&ours));
    client.run(&["restore", "--no-http-cache", "--force"]).succeeds();
    assert!(client.has("Bar.Other", "2.0.0-rc.1") && client.has("Bar.Sample", "1.2.3"));

    // Without a version the client asks the registrations.
    client.project(&[]);
    client.run(&["add", "package", "Bar.Sample"]).succeeds();
    assert!(client.has("Bar.Sample", "1.3.0"), "the newest stable version is added");
    client.project(&[("Bar.Sample", "1.2.3")]);
    client.run(&["restore", "--no-http-cache"]).succeeds();
    client.run(&["list", "package", "--outdated"]).succeeds().says("1.3.0");
    client.forget();
    client.run(&["package", "download", "Bar.Sample"]).succeeds();

    client.configure(&index, "", REQUIRE, "");
    client.run(&["nuget", "trust", "source", "ours"]).succeeds();
    client.run(&["nuget", "trust", "list"]).succeeds().says(&ours);
    // Signed, by a root that this client does not know.
    client.run(&["nuget", "verify", "served.nupkg"]).fails_with("NU3018").says(&ours);

    // And a client that knows nothing but where the feed is.
    client.forget();
    client.configure(&index, "", "", "");
    client.project(&[("Bar.Other", "2.0.0-rc.1")]);
    client.run(&["restore", "--no-http-cache"]).succeeds();
    assert!(client.has("Bar.Other", "2.0.0-rc.1"));
}

#[test]
fn a_client_that_knows_only_the_address_restores_from_a_serve_without_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let Some(client) = OfficialClient::new(&folder.path().join("client"), None) else { return };
    packages(client.folder()).unwrap();
    let nothing =
        ["Feed__PublicBaseUrl", "Signing__Mode", "Signing__TimestampServerUrl", "Signing__SelfSigned__KeySize", "Auth__ApiKeys__0"];
    let serve = Serve::start(&folder.path().join("data"), &nothing.map(|name| (name, "-")));
    client.configure(&format!("{}/v3/index.json", serve.http), "allowInsecureConnections=\"true\"", "", "");
    for file in ["Bar.Sample.1.2.3.nupkg", "Bar.Other.2.0.0-rc.1.nupkg"] {
        client.run(&["nuget", "push", file, "-s", "ours"]).succeeds();
    }
    serve.fetch("Bar.Other", "2.0.0-rc.1");
    serve.fetch("Bar.Sample", "1.2.3");
    client.project(&[("Bar.Other", "2.0.0-rc.1")]);
    client.run(&["restore", "--no-http-cache"]).succeeds();
    assert!(client.has("Bar.Other", "2.0.0-rc.1") && client.has("Bar.Sample", "1.2.3"));
}
