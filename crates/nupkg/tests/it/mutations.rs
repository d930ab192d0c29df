//! Thousands of broken packages: no panic, and where NuGet's verdict is about the archive, ours is the same.

use crate::archive::{bytes_of, resolve};
use model::HashAlgorithm;
use nupkg::nuget_view::{self, Fault, Gate};
use nupkg::{Layout, Limits, manifest};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use testkit::Judge;

const SEED: &str = "20261124";
/// The judge answers some dozens a second.
const COUNT: &str = "1000";

#[test]
fn broken_packages_are_seen_as_nuget_sees_them() {
    let Some(shared) = testkit::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut sources: Vec<_> = ["made", "signed", "edge"].iter().flat_map(|f| testkit::packages(&shared.join("corpus").join(f))).collect();
    sources.extend(["dapper.2.1.86", "serilog.3.1.1", "xunit.2.9.3"].map(|name| shared.join(format!("corpus/real/{name}.nupkg"))));
    let mutate = shared.join("corpus/mutate.py");
    let made = Command::new("python3").arg(mutate).args([SEED, COUNT]).arg(folder.path()).args(sources).status().unwrap();
    assert!(made.success());

    let root = shared.join("corpus/pki/root.pem").display().to_string();
    let mut judge = Judge::start(&["verify", "--root", &root]).unwrap();
    let differing: Vec<String> =
        testkit::packages(folder.path()).iter().filter_map(|path| compare(path, &judge.ask(path.to_str().unwrap()))).collect();
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}

/// What differs between NuGet's verdict and ours, if anything.
fn compare(path: &Path, verdict: &Value) -> Option<String> {
    let bytes = bytes_of(path);
    no_panics(path, &bytes);
    let has =
        |code: &str| verdict["codes"].as_array().is_some_and(|codes| codes.iter().any(|c| c.as_str().is_some_and(|c| c.ends_with(code))));
    let differs = |what: String| Some(format!("{}: {what}; NuGet: {verdict}", path.file_name().unwrap().to_string_lossy()));

    match nuget_view::open(&bytes) {
        Err(fault) => {
            let same = verdict["error"] == "System.IO.InvalidDataException";
            return if same { None } else { differs(format!("does not open: {fault}")) };
        }
        Ok(Gate::Unsigned) => {
            let same = verdict["signed"] == false && has("NU3004");
            return if same { None } else { differs("unsigned".to_owned()) };
        }
        Ok(Gate::Signed) => {}
    }
    match nuget_view::signature_bytes(&bytes) {
        Err(Fault::SignatureEntry(fault)) if !has("NU3005") => return differs(format!("signature entry: {fault}")),
        Err(Fault::InvalidData(_)) if verdict["error"] != "System.IO.InvalidDataException" => return differs("invalid data".to_owned()),
        Err(Fault::EndOfStream) if !verdict["error"].is_string() => return differs("end of stream".to_owned()),
        Err(_) => {}
        Ok(_) if has("NU3005") => return differs("signature entry is fine".to_owned()),
        Ok(_) => {}
    }
    if let Some(expected) = verdict["contentHash"].as_str() {
        let ours = match nuget_view::content_hash(&bytes) {
            Ok(hash) => hash,
            Err(Fault::SignatureEntry(_)) => "error: SignatureException".to_owned(),
            Err(Fault::InvalidData(_)) => "error: InvalidDataException".to_owned(),
            Err(Fault::EndOfStream) => "error: EndOfStreamException".to_owned(),
            Err(Fault::NegativeExtent) => "error: ArgumentOutOfRangeException".to_owned(),
            Err(other) => format!("{other:?}"),
        };
        if ours != expected {
            return differs(format!("content hash {ours}"));
        }
    }
    // Integrity is asked only where the signature could be read.
    let signature = &verdict["signature"];
    let (Some(signed), Some(algorithm)) = (signature["signedHash"].as_str(), signature["contentHashAlgorithm"].as_str()) else {
        return None;
    };
    let hash = nuget_view::package_hash(&bytes, HashAlgorithm::from_name(algorithm).unwrap());
    let intact = matches!(&hash, Ok(digest) if digest.to_base64() == signed);
    // An error of another provider hides this one (spec 6.2); but intact it must be where NuGet is content.
    if intact == has("NU3008") || (!intact && verdict["valid"] == true) {
        return differs(format!("hash {hash:?}"));
    }
    None
}

/// Everything that reads an archive reads this one; what is accepted is also edited.
fn no_panics(path: &Path, bytes: &[u8]) {
    let limits = Limits::default();
    let Ok(layout) = Layout::read(&bytes, &limits) else { return };
    let _ = manifest::read(&bytes, &layout, &limits);
    let strict = layout.check_signable(&bytes, &limits).and_then(|()| layout.check_local_headers(&bytes));
    let edits = [layout.unsigned_form(), layout.sign(b"signature", 0), layout.replace_signature(b"signature")];
    for splice in edits.into_iter().flatten() {
        let edited = resolve(&splice, bytes);
        if strict.is_ok() {
            let edited_layout = Layout::read(&edited, &limits).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let strict = edited_layout.check_signable(&edited, &limits).and_then(|()| edited_layout.check_local_headers(&edited));
            assert_eq!(strict, Ok(()), "{}", path.display());
        }
    }
}

#[test]
fn crafted_archives_are_seen_as_nuget_sees_them() {
    let Some(mut judge) = Judge::start(&["verify"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut differing = Vec::new();
    for (label, archive) in crate::strict::every_shape() {
        let path = folder.path().join(format!("{label}.nupkg"));
        std::fs::write(&path, archive.build()).unwrap();
        differing.extend(compare(&path, &judge.ask(path.to_str().unwrap())));
    }
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}
