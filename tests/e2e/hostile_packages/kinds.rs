//! Each kind of untidy or hostile archive, made here: the code it is refused with, or that NuGet accepts what becomes of it.

use super::{holds_only, is_a_refusal};
use std::collections::HashSet;
use system_tests::{Archive, Entry, Serve, manifest, package, require, sha256};
use testkit::{judge, shared};

/// Name, bytes, the code of the refusal; none where it is taken.
type Kind = (&'static str, Vec<u8>, Option<&'static str>);

/// A package in good order, changed.
fn changed(change: impl FnOnce(&mut Archive)) -> Vec<u8> {
    let mut archive = package("Bar.Hostile", "1.0.0");
    change(&mut archive);
    archive.bytes()
}

/// A package whose manifest is this.
fn described(nuspec: &[u8]) -> Vec<u8> {
    changed(|a| a.entries[0] = Entry::stored("Bar.Hostile.nuspec", nuspec))
}

fn with(entry: Entry) -> Vec<u8> {
    changed(|a| a.entries.push(entry))
}

fn zip64_extra() -> Vec<u8> {
    [&[1, 0, 16, 0][..], &[5, 0, 0, 0, 0, 0, 0, 0], &[5, 0, 0, 0, 0, 0, 0, 0]].concat()
}

fn structure() -> Vec<Kind> {
    let end = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    vec![
        ("no bytes", Vec::new(), Some("package_empty")),
        ("junk", b"junk".repeat(500), Some("zip_malformed")),
        ("an empty archive", end.to_vec(), Some("zip_malformed")),
        (
            "the first half",
            {
                let whole = changed(|_| {});
                whole[..whole.len() / 2].to_vec()
            },
            Some("zip_malformed"),
        ),
        (
            "one byte short",
            {
                let mut whole = changed(|_| {});
                whole.pop();
                whole
            },
            Some("zip_malformed"),
        ),
        ("bytes before", changed(|a| a.prefix = b"MZ this is a program".to_vec()), Some("zip_prefix")),
        ("bytes between entries", changed(|a| a.entries[0].gap = b"gap".to_vec()), Some("zip_gap")),
        ("bytes before the end record", changed(|a| a.before_end = b"gap".to_vec()), Some("zip_gap")),
        ("bytes behind", changed(|a| a.trailing = b"more".to_vec()), Some("zip_trailing_data")),
        ("a whole archive behind", changed(|a| a.trailing = package("Bar.Other", "1.0.0").bytes()), Some("zip_malformed")),
        ("an end record as comment", changed(|a| a.comment = end.to_vec()), Some("zip_comment")),
        ("a comment", changed(|a| a.comment = b"made by hand".to_vec()), None),
        ("a comment longer than the file", changed(|a| a.comment_length = Some(9)), Some("zip_malformed")),
        ("counts that disagree", changed(|a| a.counts = Some((2, 3))), Some("zip_counts")),
        ("counts too small", changed(|a| a.counts = Some((1, 1))), Some("zip_counts")),
        ("counts too large", changed(|a| a.counts = Some((3, 3))), Some("zip_counts")),
        ("another disk", changed(|a| a.disks = (1, 1)), None),
        ("a directory longer than the file", changed(|a| a.directory_length = Some(0x00FF_FFFF)), Some("zip_counts")),
        ("a directory behind the file", changed(|a| a.directory_offset = Some(0x00FF_FFFF)), Some("zip_malformed")),
        ("a directory at nought", changed(|a| a.directory_offset = Some(0)), Some("zip_malformed")),
    ]
}

fn entries() -> Vec<Kind> {
    let stranger = Entry { hidden: true, ..Entry::stored("hidden.dll", b"nobody sees me") };
    let same = |name: &str| Entry::stored(name, b"twice");
    vec![
        ("two entries of the same bytes", changed(|a| a.entries[1].offset = Some(0)), Some("zip_overlap")),
        ("an entry behind the file", changed(|a| a.entries[1].offset = Some(0x00FF_FFFF)), Some("zip_malformed")),
        ("an entry the directory does not name", changed(|a| a.entries.insert(1, stranger)), Some("zip_hidden_entry")),
        (
            "another name in the local header",
            changed(|a| a.entries[1].local_name = Some(b"content/Readme.exe".to_vec())),
            Some("zip_names_differ"),
        ),
        ("one name twice", with(same("content/readme.txt")), None),
        ("one name twice but for case", with(same("CONTENT/README.TXT")), None),
        ("Zip64 in the local header", changed(|a| a.entries[1].local_extra = zip64_extra()), Some("zip64")),
        ("Zip64 in the directory", changed(|a| a.entries[1].extra = zip64_extra()), Some("zip64")),
        ("an encrypted manifest", changed(|a| a.entries[0].flags = 1), Some("nuspec_invalid")),
        ("a manifest compressed in an unknown way", changed(|a| a.entries[0].method = 99), Some("nuspec_invalid")),
        ("a manifest with another checksum", changed(|a| a.entries[0].crc = Some(7)), Some("zip_names_differ")),
        ("a manifest longer than the file", changed(|a| a.entries[0].compressed = Some(0x00FF_FFFF)), Some("zip_overlap")),
        ("a manifest that says it is short", changed(|a| a.entries[0].length = Some(3)), Some("zip_names_differ")),
        ("an empty name", with(Entry::stored("", b"x")), None),
        ("a name over the limit", with(Entry::stored(&"n".repeat(1_025), b"x")), Some("name_invalid")),
        ("a name that climbs out", with(Entry::stored("../../evil.txt", b"x")), None),
        ("a name with a zero byte", with(Entry::stored("a\0b", b"x")), None),
        ("a signature that is none", with(Entry::stored(".signature.p7s", b"not a signature")), Some("signature_invalid")),
        ("a signature in pieces", with(Entry::deflated(".signature.p7s", &[0; 500])), Some("signature_entry_invalid")),
        (
            "two signatures",
            changed(|a| a.entries.extend([same(".signature.p7s"), same(".signature.p7s")])),
            Some("signature_entry_invalid"),
        ),
        ("a signature in capitals", with(same(".SIGNATURE.P7S")), Some("zip_duplicate_name")),
    ]
}

fn manifests() -> Vec<Kind> {
    let laughs = b"<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>\
        <package><metadata><id>Bar.Hostile</id><version>1.0.0</version><authors>&c;</authors><description>x</description></metadata></package>";
    let bomb = [manifest("Bar.Hostile", "1.0.0", ""), vec![b' '; 32 << 20]].concat();
    let deep = manifest("Bar.Hostile", "1.0.0", &format!("{}{}", "<a>".repeat(20_000), "</a>".repeat(20_000)));
    vec![
        ("no manifest", Archive::of([Entry::stored("lib/a.txt", b"x")]).bytes(), Some("nuspec_missing")),
        (
            "a manifest in a folder alone",
            Archive::of([Entry::stored("lib/a.nuspec", &manifest("A", "1.0.0", ""))]).bytes(),
            Some("nuspec_missing"),
        ),
        ("two manifests", with(Entry::stored("Other.nuspec", &manifest("Other", "1.0.0", ""))), Some("nuspec_ambiguous")),
        ("a manifest that is no XML", described(b"hello"), Some("nuspec_invalid")),
        ("an empty manifest", described(b""), Some("nuspec_invalid")),
        ("a manifest of entities", described(laughs), Some("nuspec_invalid")),
        (
            "a manifest that inflates to 32 MiB",
            changed(|a| a.entries[0] = Entry::deflated("Bar.Hostile.nuspec", &bomb)),
            Some("nuspec_too_large"),
        ),
        (
            "one that inflates to 32 MiB and says it does not",
            changed(|a| a.entries[0] = Entry { length: Some(500), ..Entry::deflated("Bar.Hostile.nuspec", &bomb) }),
            Some("zip_names_differ"),
        ),
        ("a manifest of many levels", described(&deep), Some("nuspec_invalid")),
        ("an id that climbs out", described(&manifest("../evil", "1.0.0", "")), Some("id_invalid")),
        ("an id with a slash", described(&manifest("a/b", "1.0.0", "")), Some("id_invalid")),
        ("no id", described(&manifest("", "1.0.0", "")), Some("id_invalid")),
        ("an id of 101 characters", described(&manifest(&"a".repeat(101), "1.0.0", "")), Some("id_invalid")),
        ("no version", described(&manifest("Bar.Hostile", "", "")), Some("version_invalid")),
        ("a version that is none", described(&manifest("Bar.Hostile", "one", "")), Some("version_invalid")),
        ("a version that climbs out", described(&manifest("Bar.Hostile", "1.0.0-../../x", "")), Some("version_invalid")),
    ]
}

#[test]
fn each_kind_is_refused_with_its_code_or_accepted_by_nuget() {
    if shared().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(&folder.path().join("data"), &[]);
    let mut wrong = Vec::new();
    for (name, bytes, expected) in structure().into_iter().chain(entries()).chain(manifests()) {
        let answer = serve.push(&bytes);
        if matches!(answer.status, 201 | 202) {
            if let Some(code) = expected {
                wrong.push(format!("{name}: taken, {code} is expected"));
            }
            // Each of these has an identity of its own once it is taken: the next must not meet it.
            accepted_on_its_own(name, &bytes);
            continue;
        }
        let code = is_a_refusal(name, &answer);
        if code != "identity_taken" && Some(code.as_str()) != expected {
            wrong.push(format!("{name}: {code}, {expected:?} is expected"));
        }
        if code == "identity_taken" {
            accepted_on_its_own(name, &bytes);
            if expected.is_some() {
                wrong.push(format!("{name}: as good as taken, {expected:?} is expected"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let received = serve.rows("SELECT received_sha256 FROM packages").iter().map(|r| r[0].as_str().unwrap().to_lowercase()).collect();
    holds_only(&serve, &received);
    assert_eq!(received.len(), 1, "the first that was taken has the name: {received:?}");
}

/// In a feed of its own, NuGet accepts what is served of it.
fn accepted_on_its_own(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(&folder.path().join("data"), &[]);
    let answer = serve.push(bytes);
    assert!(matches!(answer.status, 201 | 202), "{name}: {}", answer.status);
    let identity = serve.rows("SELECT id_lower, version_lower FROM packages").remove(0);
    let out = folder.path().join("served.nupkg");
    std::fs::write(&out, serve.fetch(identity[0].as_str().unwrap(), identity[1].as_str().unwrap()).body).unwrap();
    let words = require(&serve.fingerprints());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let verdict = judge(&words, &[out]).unwrap().remove(0);
    assert_eq!(verdict["valid"], true, "{name}: {verdict}");
    holds_only(&serve, &HashSet::from([sha256(bytes)]));
}
