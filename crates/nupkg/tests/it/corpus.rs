//! The corpus: what we read in it, hash of it and make of it, against NuGet's answers (`facts.jsonl`) and NuGet's own signer.

use crate::archive::{bytes_of, resolve};
use bytes::Bytes;
use model::{Code, HashAlgorithm};
use nupkg::{Error, Layout, Limits, ReadAt as _, Tail, manifest, missing_range, nuget_view};
use serde_json::Value;
use std::path::Path;
use testkit::Judge;

/// Every file of the corpus: its name, its bytes, and what NuGet says of it.
fn facts() -> Option<Vec<(String, Bytes, Value)>> {
    let corpus = testkit::shared()?.join("corpus");
    let lines = std::fs::read_to_string(corpus.join("facts.jsonl")).unwrap();
    let fact = |line: &str| {
        let fact: Value = serde_json::from_str(line).unwrap();
        let name = fact["file"].as_str().unwrap().to_owned();
        let bytes = bytes_of(&corpus.join(&name));
        (name, bytes, fact)
    };
    Some(lines.lines().map(fact).collect())
}

fn layout(bytes: &Bytes) -> Result<Layout, Error> {
    Layout::read(bytes, &Limits::default())
}

/// All that intake asks before it takes a package.
fn accept(bytes: &Bytes) -> Result<Layout, Error> {
    let layout = layout(bytes)?;
    layout.check_signable(bytes, &Limits::default())?;
    layout.check_local_headers(bytes)?;
    Ok(layout)
}

#[test]
fn manifests_say_what_nuget_reads() {
    let Some(facts) = facts() else { return };
    let mut seen = 0;
    for (name, bytes, fact) in facts {
        let theirs = &fact["nuspec"];
        let ours = layout(&bytes).and_then(|layout| manifest::read(&bytes, &layout, &Limits::default()));
        if theirs["error"].is_string() {
            // That one is refused for its signature entry, which a manifest does not look at.
            assert!(ours.is_err() || name == "edge/zip-utf8-central.nupkg", "{name}");
            continue;
        }
        seen += 1;
        let ours = ours.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(theirs["id"], ours.identity.id.as_str(), "{name}");
        assert_eq!(theirs["version"], ours.identity.version.normalized(), "{name}");
        assert_eq!(theirs["fullVersion"], ours.identity.version.full(), "{name}");
        for (key, value) in [("title", &ours.title), ("authors", &ours.authors), ("tags", &ours.tags)] {
            assert_eq!(theirs[key], value.clone().unwrap_or_default(), "{name} {key}");
        }
        assert_eq!(theirs["developmentDependency"], ours.development_dependency, "{name}");
        let dependencies = |group: &manifest::DependencyGroup| -> Vec<Value> {
            let one = |d: &manifest::Dependency| serde_json::json!({ "id": d.id, "range": d.range });
            group.dependencies.iter().map(one).collect()
        };
        let groups: Vec<_> = ours.dependency_groups.iter().map(dependencies).collect();
        let expected: Vec<_> =
            theirs["dependencies"].as_array().unwrap().iter().map(|g| g["packages"].as_array().unwrap().clone()).collect();
        assert_eq!(groups, expected, "{name}");
        for (group, theirs) in ours.dependency_groups.iter().zip(theirs["dependencies"].as_array().unwrap()) {
            // NuGet shortens the framework that the nuspec names; ours is as written.
            assert_eq!(group.target_framework.is_none(), theirs["framework"] == "", "{name}");
        }
    }
    assert!(seen > 140, "only {seen} manifests");
}

#[test]
fn hashes_are_what_nuget_computes() {
    let Some(facts) = facts() else { return };
    for (name, bytes, fact) in facts {
        if let Some(expected) = fact["nuspec"]["contentHash"].as_str() {
            assert_eq!(nuget_view::content_hash(&bytes).unwrap(), expected, "{name}");
        }
        let Some(signed) = fact["signature"]["signedHash"].as_str() else { continue };
        let algorithm = HashAlgorithm::from_name(fact["signature"]["contentHashAlgorithm"].as_str().unwrap()).unwrap();
        match nuget_view::package_hash(&bytes, algorithm) {
            Ok(digest) if digest.to_base64() == signed => {}
            Ok(_) => assert_eq!(name, "edge/changed-and-no-signing-time.nupkg"),
            Err(fault) => assert_eq!(name, "edge/zip-local-name-differs.nupkg", "{fault}"),
        }
        if let Ok(layout) = accept(&bytes) {
            let digests = nupkg::digest(&bytes, &layout.unsigned_form().unwrap(), &[algorithm]).unwrap();
            let same = digests.by(algorithm).unwrap().to_base64() == signed;
            assert!(same || name == "edge/changed-and-no-signing-time.nupkg", "{name}");
        }
    }
}

#[test]
fn what_nugets_signer_refuses_for_the_archives_sake_is_refused_with_its_code() {
    let Some(facts) = facts() else { return };
    // Refused although NuGet signs them (spec 1.11), or for another reason than NuGet has.
    let stricter = [
        ("crafted/SignatureFileEntry.zip", Code::ZipOverlap),
        ("crafted/SignatureFileWithFakeContent.zip", Code::ZipMalformed),
        ("crafted/SignatureFileWithUppercaseFileName.zip", Code::ZipDuplicateName),
        ("edge/zip-disk-six.nupkg", Code::ZipMalformed),
        ("edge/zip-hidden-local.nupkg", Code::ZipHiddenEntry),
        ("edge/zip-local-name-differs.nupkg", Code::ZipNamesDiffer),
        ("edge/zip-second-named-alike.nupkg", Code::SignatureEntryInvalid),
        ("edge/zip-size-beyond-file.nupkg", Code::SignatureEntryInvalid),
        ("edge/zip-zip64-end-unsigned.nupkg", Code::Zip64),
    ];
    for (name, bytes, fact) in facts {
        let ours = accept(&bytes);
        if let Some((_, code)) = stricter.iter().find(|(file, _)| *file == name) {
            assert_eq!(ours.map(drop).map_err(|e| e.code()), Err(*code), "{name}");
            continue;
        }
        match fact["signer"]["code"].as_str() {
            Some(code @ ("NU3005" | "NU3006" | "NU3039")) => {
                let refusal = ours.unwrap_err();
                assert_eq!(refusal.nu().map(|nu| nu.to_string()).as_deref(), Some(code), "{name}: {refusal}");
            }
            // Refused for what is in the signature, if at all.
            _ => assert_eq!(ours.map(drop), Ok(()), "{name}"),
        }
    }
}

/// What NuGet's signer made of a package: the signature in it, its DOS time, and the file.
struct Signed {
    p7s: Vec<u8>,
    dos_time: u32,
    file: Vec<u8>,
}

fn sign_with_nuget(judge: &mut Judge, from: &Path, to: &Path) -> Option<Signed> {
    let answer = judge.ask(&format!("{}\t{}", from.display(), to.display()));
    if answer["ok"] != true {
        return None;
    }
    let file = std::fs::read(to).unwrap();
    let layout = Layout::read(&file, &Limits::default()).unwrap();
    let p7s = layout.signature_bytes(&file, &Limits::default()).unwrap();
    let header = usize::try_from(layout.signature_entry().unwrap().header_position).unwrap();
    let dos_time = u32::from_le_bytes(file[header + 12..header + 16].try_into().unwrap());
    Some(Signed { p7s, dos_time, file })
}

#[test]
fn signing_writes_what_nugets_signer_writes() {
    let Some(shared) = testkit::shared() else { return };
    let pki = |name: &str| shared.join("corpus/pki").join(name).display().to_string();
    let (root, pfx) = (pki("root.pem"), pki("repository.pfx"));
    let words = ["sign", "--root", &root, "--pfx", &pfx, "--password", "test"];
    let mut judge = Judge::start(&words).unwrap();
    let mut overwriting = Judge::start(&[&words[..], &["--type", "author", "--overwrite"]].concat()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("signed.nupkg");
    let mut compared = 0;
    for from in testkit::packages(&shared.join("corpus")) {
        let bytes = bytes_of(&from);
        let Ok(layout) = accept(&bytes) else { continue };
        // The second strips whatever signature is there; the first countersigns an author's.
        for judge in [&mut judge, &mut overwriting] {
            let Some(theirs) = sign_with_nuget(judge, &from, &to) else { continue };
            compared += 1;
            let ours = layout.sign(&theirs.p7s, theirs.dos_time).unwrap();
            // NuGet leaves the offsets of what stood behind a signature dangling (spec 1.8); we mend them.
            if !from.ends_with("edge/zip-signature-first.nupkg") {
                assert!(resolve(&ours, &bytes) == theirs.file, "{}", from.display());
            }
            check_edits(&bytes, &layout, &Bytes::from(theirs.file), &theirs.p7s);
        }
    }
    assert!(compared > 150, "only {compared} packages");
}

/// Taking the new signature out gives the unsigned form; putting another one in its place moves nothing else.
fn check_edits(before: &Bytes, layout: &Layout, signed: &Bytes, p7s: &[u8]) {
    let Ok(again) = accept(signed) else { return };
    let unsigned = resolve(&layout.unsigned_form().unwrap(), before);
    assert!(resolve(&again.unsigned_form().unwrap(), signed) == unsigned);
    assert_eq!(again.signature_bytes(signed, &Limits::default()).as_deref(), Ok(p7s));
    assert!(resolve(&again.replace_signature(p7s).unwrap(), signed) == *signed);
    let longer = [p7s, p7s].concat();
    let replaced = Bytes::from(resolve(&again.replace_signature(&longer).unwrap(), signed));
    let replaced_layout = accept(&replaced).unwrap();
    assert_eq!(replaced_layout.signature_bytes(&replaced, &Limits::default()), Ok(longer));
    assert!(resolve(&replaced_layout.unsigned_form().unwrap(), &replaced) == unsigned);
}

#[test]
fn taking_a_signature_out_gives_what_nuget_gives() {
    let Some(shared) = testkit::shared() else { return };
    let mut judge = Judge::start(&["unsign"]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("unsigned.nupkg");
    let mut compared = 0;
    for from in testkit::packages(&shared.join("corpus")) {
        let bytes = bytes_of(&from);
        let Ok(layout) = accept(&bytes) else { continue };
        let ours = resolve(&layout.unsigned_form().unwrap(), &bytes);
        if !layout.is_signed() {
            assert_eq!(layout.replace_signature(b""), Err(Error::NotSigned));
            assert!(ours == bytes, "{}", from.display());
            continue;
        }
        assert_eq!(judge.ask(&format!("{}\t{}", from.display(), to.display()))["ok"], true);
        compared += 1;
        let same = ours == std::fs::read(&to).unwrap();
        // NuGet leaves offsets dangling there (spec 1.8).
        assert_eq!(same, !from.ends_with("edge/zip-signature-first.nupkg"), "{}", from.display());
    }
    assert!(compared > 80, "only {compared} packages");
}

/// Fetches what a step lacks until it has all it needs; the answer, and how many bytes and requests that took.
fn over_tail<T>(bytes: &Bytes, first: u64, mut step: impl FnMut(&Tail) -> Result<T, Error>) -> (Result<T, Error>, u64, usize) {
    let mut tail = Tail::new(bytes.size());
    let start = bytes.size().saturating_sub(first);
    let range = |range: std::ops::Range<u64>| bytes.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap());
    tail.insert(start, range(start..bytes.size()));
    let (mut fetched, mut requests) = (bytes.size() - start, 1);
    loop {
        let answer = step(&tail);
        let Some(missing) = answer.as_ref().err().and_then(missing_range) else { return (answer, fetched, requests) };
        fetched += missing.end - missing.start;
        requests += 1;
        tail.insert(missing.start, range(missing));
    }
}

#[test]
fn kilobytes_are_enough_to_plan_a_signature() {
    let Some(shared) = testkit::shared() else { return };
    for path in testkit::packages(&shared.join("corpus/real")) {
        let bytes = bytes_of(&path);
        let plan = |tail: &Tail| {
            let limits = Limits::default();
            let layout = Layout::read(tail, &limits)?;
            layout.check_signable(tail, &limits)?;
            let p7s = layout.signature_bytes(tail, &limits)?;
            Ok((layout.unsigned_form()?, layout.sign(&p7s, 0)?, layout.replace_signature(&p7s)?))
        };
        let (plans, fetched, requests) = over_tail(&bytes, 64 * 1024, plan);
        assert_eq!(plans, plan_whole(&bytes), "{}", path.display());
        // The tail, and where directory and signature are longer than that, the rest of them.
        let layout = layout(&bytes).unwrap();
        let needed = bytes.size() - layout.signature_entry().unwrap().local_offset;
        assert!(fetched <= needed.max(64 * 1024), "{}: {fetched} bytes, {needed} needed", path.display());
        assert!(requests <= 6, "{}: {requests} requests", path.display());
    }
}

type Plans = (model::Splice, model::Splice, model::Splice);

fn plan_whole(bytes: &Bytes) -> Result<Plans, Error> {
    let layout = layout(bytes)?;
    let p7s = layout.signature_bytes(bytes, &Limits::default())?;
    Ok((layout.unsigned_form()?, layout.sign(&p7s, 0)?, layout.replace_signature(&p7s)?))
}
