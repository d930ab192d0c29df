//! Every rule of what may be signed, at its edge; and that what NuGet's signer refuses has NuGet's code.

use crate::craft::{Archive, Entry, archive_of, entry};
use nupkg::{Error, Layout, Limits, Malformed, SignatureFault};
use testkit::Judge;

fn accept_within(bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    let layout = Layout::read(&bytes, limits)?;
    layout.check_signable(&bytes, limits)?;
    layout.check_local_headers(&bytes)
}

fn accept(bytes: &[u8]) -> Result<(), Error> {
    accept_within(bytes, &Limits::default())
}

const ZIP64_FIELD: [u8; 12] = [1, 0, 8, 0, 9, 0, 0, 0, 0, 0, 0, 0];
const EMPTY_END: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

fn locator() -> Vec<u8> {
    [&b"PK\x06\x07"[..], &[0; 16]].concat()
}

fn zip64_end() -> Vec<u8> {
    [&b"PK\x06\x06"[..], &44_u64.to_le_bytes(), &[0; 44]].concat()
}

/// A signature entry that no rule is against.
fn signature() -> Entry {
    entry(".signature.p7s", b"any bytes")
}

fn with_first(change: impl FnOnce(&mut Entry)) -> Archive {
    archive_of([]).with(|archive| change(&mut archive.entries[1]))
}

/// What is refused, with the error. In each everything else is in order.
fn refused() -> Vec<(&'static str, Archive, Error)> {
    let mut cases = archive_shapes();
    cases.extend(entry_shapes());
    cases.extend(signature_shapes());
    cases
}

fn archive_shapes() -> Vec<(&'static str, Archive, Error)> {
    let malformed = Error::Malformed;
    let base = || archive_of([]);
    let len = base().build().len() as u64;
    let directory_end = len - 22;
    vec![
        ("no entries", Archive::default(), malformed(Malformed::NoDirectory)),
        ("prefix", base().with(|a| a.prefix = vec![7; 10]), Error::Prefix { len: 10 }),
        ("gap before the end", base().with(|a| a.before_end = vec![7; 3]), Error::Gap { at: directory_end, len: 3 }),
        ("bytes behind", base().with(|a| a.trailing = vec![7; 3]), Error::Trailing { len: 3 }),
        ("bytes behind a comment", base().with(|a| (a.comment, a.trailing) = (vec![7; 5], vec![7])), Error::Trailing { len: 1 }),
        ("comment cut off", base().with(|a| a.end = Some(|e| e.comment_len = 1)), malformed(Malformed::EndRecordCutOff)),
        ("end record in the comment", base().with(|a| a.comment = EMPTY_END.to_vec()), Error::Comment),
        ("its signature in the comment", base().with(|a| a.comment = [b"PK\x05\x06", &[7; 30][..]].concat()), Error::Comment),
        ("its signature, overlooked", base().with(|a| a.comment = [b"PK\x05\x06\x06", &[7; 30][..]].concat()), Error::Comment),
        (
            "two end records",
            base().with(|a| a.trailing = base().build().split_off(len as usize - 22)),
            Error::Gap { at: directory_end, len: 22 },
        ),
        ("disks 6", base().with(|a| a.end = Some(|e| e.disks = [6, 6])), malformed(Malformed::NoEndRecord)),
        ("disks differ", base().with(|a| a.end = Some(|e| e.disks = [0, 1])), Error::Counts),
        ("count", base().with(|a| a.end = Some(|e| e.counts = [3, 3])), Error::Counts),
        ("count here", base().with(|a| a.end = Some(|e| e.counts = [1, 2])), Error::Counts),
        ("directory size", base().with(|a| a.end = Some(|e| e.directory_size -= 1)), Error::Counts),
        ("directory elsewhere", base().with(|a| a.end = Some(|e| e.directory_offset += 1)), malformed(Malformed::Empty)),
        ("directory behind", base().with(|a| a.end = Some(|e| e.directory_offset = u32::MAX)), malformed(Malformed::NoDirectory)),
        ("zip64 locator", base().with(|a| a.before_end = locator()), Error::Zip64),
        ("zip64 end and locator", base().with(|a| a.before_end = [zip64_end(), locator()].concat()), Error::Zip64),
        ("zip64 end alone", base().with(|a| a.before_end = zip64_end()), Error::Zip64),
        (
            "zip64 all the way",
            base().with(|a| {
                a.before_end = [zip64_end(), locator()].concat();
                a.end = Some(|e| (e.counts, e.directory_size, e.directory_offset) = ([u16::MAX; 2], u32::MAX, u32::MAX));
            }),
            Error::Zip64,
        ),
    ]
}

fn entry_shapes() -> Vec<(&'static str, Archive, Error)> {
    let malformed = Error::Malformed;
    let base = || archive_of([]);
    // Where the second entry starts and ends, and how far its directory header is from the end.
    let second = 30 + 8 + crate::craft::NUSPEC.len() as u64;
    let third = second + 30 + 9 + 7;
    let hidden = entry("evil.txt", b"evil").with(|e| e.listed = false);
    let differ = |at| Error::NamesDiffer { at };
    let named = |name: &str| Error::DuplicateName { name: name.to_owned() };
    vec![
        ("gap between entries", archive_of([entry("b", b"")]).with(|a| a.entries[1].behind = vec![7]), Error::Gap { at: third, len: 1 }),
        ("gap before the directory", base().with(|a| a.before_directory = vec![7; 4]), Error::Gap { at: third, len: 4 }),
        ("wide gap", base().with(|a| a.before_directory = vec![7; 70_000]), Error::Gap { at: third + 65_551, len: 4449 }),
        ("hidden entry", archive_of([hidden.clone(), entry("b", b"")]), Error::HiddenEntry { at: third }),
        ("hidden entry last", archive_of([hidden]), Error::HiddenEntry { at: third }),
        ("shared offset", archive_of([entry("b", b"").with(|e| e.offset = Some(0))]), Error::Overlap { at: 0 }),
        ("size into the next", with_first(|e| e.sizes[1] += 1), Error::Overlap { at: second }),
        (
            "local extra into the next",
            with_first(|e| (e.data, e.local_extra, e.sizes[1]) = (vec![], vec![0; 1], 7)),
            Error::Overlap { at: second },
        ),
        ("offset outside", with_first(|e| e.offset = Some(u32::MAX)), malformed(Malformed::EntryOutside)),
        ("offset beside", with_first(|e| e.offset = Some(1)), Error::Overlap { at: 0 }),
        (
            "no local header",
            archive_of([entry("b", &[7; 99]).with(|e| e.offset = Some(third as u32 + 8))]),
            Error::Overlap { at: third + 8 },
        ),
        ("zip64 field", with_first(|e| e.extra = ZIP64_FIELD.to_vec()), Error::Zip64),
        ("zip64 field, local", with_first(|e| e.local_extra = ZIP64_FIELD.to_vec()), Error::Zip64),
        ("extra with two bytes too many", with_first(|e| e.extra = vec![9, 9]), malformed(Malformed::ExtraField)),
        ("local extra with three", with_first(|e| e.local_extra = vec![9, 9, 0, 0, 7, 7, 7]), malformed(Malformed::ExtraField)),
        ("local name", with_first(|e| e.local_name = Some(b"lib/b.txt".to_vec())), differ(second)),
        (
            "local name longer",
            with_first(|e| (e.local_name, e.data) = (Some(b"lib/a.txtc".to_vec()), b"ontent".to_vec())),
            Error::Overlap { at: second },
        ),
        ("local method", with_first(|e| e.local_method = Some(8)), differ(second)),
        ("local size", with_first(|e| e.local_sizes = Some([e.sizes[0], 7, 8])), differ(second)),
        ("local CRC", with_first(|e| e.local_sizes = Some([1, 7, 7])), differ(second)),
        ("local encryption", with_first(|e| e.local_flags = Some(1)), differ(second)),
        ("name in two encodings", archive_of([entry("é", b"").with(|e| e.local_flags = Some(0x800))]), differ(third)),
        ("descriptor unannounced", with_first(|e| e.behind = e.descriptor(true)), Error::Gap { at: third, len: 16 }),
        ("descriptor of another", with_first(|e| (e.flags, e.behind) = (8, vec![7; 12])), Error::Gap { at: third, len: 12 }),
        (
            "descriptor and more",
            with_first(|e| (e.flags, e.behind) = (8, [e.descriptor(true), vec![7]].concat())),
            Error::Gap { at: third, len: 17 },
        ),
        ("nuspec twice", archive_of([entry("a.nuspec", b"")]), named("a.nuspec")),
        ("nuspec but for case", archive_of([entry("A.NuSpec", b"")]), named("A.NuSpec")),
        ("nuspec but for escapes", archive_of([entry("%61.nuspec", b"")]), named("%61.nuspec")),
        ("two nuspecs", archive_of([entry("b.nuspec", b"")]), Error::NuspecAmbiguous),
        ("signature but for case", archive_of([entry(".Signature.p7s", b"")]), named(".Signature.p7s")),
        ("signature with a NUL", archive_of([entry(".signature.p7s\0", b"")]), named(".signature.p7s\0")),
    ]
}

fn signature_shapes() -> Vec<(&'static str, Archive, Error)> {
    let fault = Error::SignatureEntry;
    let third = 30 + 8 + crate::craft::NUSPEC.len() as u64 + 30 + 9 + 7;
    let signed = |change: fn(&mut Entry)| archive_of([signature().with(change)]);
    vec![
        ("only a signature", Archive { entries: vec![signature()], ..Archive::default() }, Error::Malformed(Malformed::Empty)),
        ("signature twice", archive_of([signature(), signature()]), fault(SignatureFault::Several)),
        ("signature with a UTF-8 name", signed(|e| e.flags = 0x800), fault(SignatureFault::Utf8Name)),
        (
            "one with a UTF-8 name beside it",
            archive_of([signature(), signature().with(|e| e.flags = 0x800)]),
            fault(SignatureFault::Utf8Name),
        ),
        ("signature flags", signed(|e| (e.flags, e.local_flags) = (2, Some(0))), fault(SignatureFault::Flags)),
        ("signature flags, local", signed(|e| e.local_flags = Some(0x800)), fault(SignatureFault::Flags)),
        ("signature method", signed(|e| (e.method, e.local_method) = (8, Some(0))), fault(SignatureFault::Compressed)),
        ("signature method, local", signed(|e| e.local_method = Some(8)), fault(SignatureFault::Compressed)),
        ("signature sizes", signed(|e| (e.sizes, e.local_sizes) = ([0, 9, 8], Some([0, 9, 9]))), fault(SignatureFault::Sizes)),
        ("signature sizes, local", signed(|e| e.local_sizes = Some([0, 9, 8])), fault(SignatureFault::Sizes)),
        ("signature attributes", signed(|e| e.attributes = 1), fault(SignatureFault::Attributes)),
        ("signature past the end", signed(|e| e.local_sizes = Some([0, 9999, 9999])), fault(SignatureFault::PastEnd)),
        ("signature sizes in two headers", signed(|e| e.local_sizes = Some([0, 10, 10])), Error::NamesDiffer { at: third }),
        ("slack behind the signature", signed(|e| e.behind = vec![7; 4]), Error::Gap { at: third + 30 + 14 + 9, len: 4 }),
        (
            "hidden behind the signature",
            archive_of([signature(), entry("b", b"").with(|e| e.listed = false)]),
            Error::HiddenEntry { at: third + 30 + 14 + 9 },
        ),
    ]
}

/// What is odd, and accepted as it is.
fn accepted() -> Vec<(&'static str, Archive)> {
    let base = || archive_of([]);
    vec![
        ("plain", base()),
        ("comment", base().with(|a| a.comment = b"comment".to_vec())),
        ("longest comment", base().with(|a| a.comment = vec![7; 0xFFFF])),
        ("disks 1", base().with(|a| a.end = Some(|e| e.disks = [1, 1]))),
        ("ordinary names twice", archive_of([entry("b", b""), entry("b", b"1"), entry("B", b"")])),
        (
            "odd names",
            archive_of([entry("", b""), entry("../x", b""), entry("/y", b""), entry("é", b""), entry("dir/", b""), entry("a\0b", b"")]),
        ),
        ("nuspec below", archive_of([entry("x/b.nuspec", b""), entry("x/.signature.p7s", b"")])),
        ("descriptor", with_first(|e| (e.flags, e.local_sizes, e.behind) = (8, Some([0; 3]), e.descriptor(true)))),
        ("descriptor without its signature", with_first(|e| (e.flags, e.local_sizes, e.behind) = (8, Some([0; 3]), e.descriptor(false)))),
        ("descriptor announced, absent", with_first(|e| e.flags = 8)),
        ("extra with one byte too many", with_first(|e| (e.extra, e.local_extra) = (vec![9], vec![9, 9, 0, 0, 7]))),
        ("extra that overruns", with_first(|e| e.extra = vec![9, 9, 200, 0])),
        ("aligned by an extra field", with_first(|e| e.local_extra = [&[0x1E, 0xD9, 0x10, 0x20][..], &[0; 0x2010]].concat())),
        ("wrong CRC", with_first(|e| e.sizes[0] ^= 1)),
        ("unknown method", with_first(|e| e.method = 99)),
        ("signed", archive_of([signature()])),
        ("signed, first", archive_of([]).with(|a| a.entries.insert(0, signature()))),
        ("signed, with extra", archive_of([signature().with(|e| (e.extra, e.local_extra) = (vec![9, 9, 1, 0, 7], vec![9, 9, 0, 0]))])),
    ]
}

/// Every archive of this file, with and without a signature that is no CMS.
pub(crate) fn every_shape() -> Vec<(String, Archive)> {
    let refused = refused().into_iter().map(|(label, archive, _)| (label, archive));
    let shapes: Vec<(String, Archive)> = refused.chain(accepted()).map(|(label, archive)| (label.to_owned(), archive)).collect();
    let signed = shapes.iter().map(|(label, archive)| {
        let mut archive = archive.clone();
        archive.entries.push(signature());
        (format!("{label}, signed"), archive)
    });
    let signed: Vec<_> = signed.collect();
    shapes.into_iter().chain(signed).collect()
}

#[test]
fn what_may_not_be_signed() {
    for (label, archive, error) in refused() {
        assert_eq!(accept(&archive.build()), Err(error), "{label}");
    }
}

#[test]
fn what_is_odd_and_may_be_signed() {
    for (label, archive) in accepted() {
        assert_eq!(accept(&archive.build()), Ok(()), "{label}");
    }
}

#[test]
fn the_signer_of_nuget_refuses_nothing_that_we_accept_and_has_the_same_codes() {
    let Some(shared) = testkit::shared() else { return };
    let pki = |name: &str| shared.join("corpus/pki").join(name).display().to_string();
    let mut judge = Judge::start(&["sign", "--root", &pki("root.pem"), "--pfx", &pki("repository.pfx"), "--password", "test"]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.nupkg"), folder.path().join("out.nupkg"));
    let mut ask = |bytes: &[u8]| {
        std::fs::write(&from, bytes).unwrap();
        judge.ask(&format!("{}\t{}", from.display(), to.display()))
    };
    for (label, archive) in accepted() {
        let bytes = archive.build();
        let answer = ask(&bytes);
        // Our signature entries hold no signature, which is not the archive's fault.
        let signed = Layout::read(&bytes, &Limits::default()).unwrap().is_signed();
        assert!(answer["ok"] == true || signed, "{label}: {answer}");
    }
    for (label, archive, error) in refused() {
        let answer = ask(&archive.build());
        if let Some(code) = answer["code"].as_str() {
            assert_eq!(error.nu().map(|nu| nu.to_string()).as_deref(), Some(code), "{label}: {answer}");
        }
    }
}

#[test]
fn limits_hold_at_the_limit_and_refuse_one_past_it() {
    let bytes = archive_of([signature()]).build();
    let limits = Limits::default();
    let layout = Layout::read(&bytes, &limits).unwrap();
    let directory = layout.directory().end - layout.directory().start;
    let check = |limits: Limits| accept_within(&bytes, &limits);

    assert_eq!(check(Limits { entries: 2, ..limits.clone() }), Ok(()));
    let refusal = check(Limits { entries: 1, ..limits.clone() }).unwrap_err();
    assert_eq!((refusal.nu(), refusal), (None, Error::TooManyEntries { count: 2, limit: 1 }));

    assert_eq!(check(Limits { directory_bytes: directory, ..limits.clone() }), Ok(()));
    let over = Error::DirectoryTooLarge { len: directory, limit: directory - 1 };
    assert_eq!(check(Limits { directory_bytes: directory - 1, ..limits.clone() }), Err(over));

    assert_eq!(check(Limits { name_bytes: 14, ..limits.clone() }), Ok(()));
    assert_eq!(check(Limits { name_bytes: 13, ..limits.clone() }), Err(Error::NameTooLong { len: 14, limit: 13 }));

    assert_eq!(check(Limits { signature_bytes: 9, ..limits.clone() }), Ok(()));
    let over = Error::SignatureTooLarge { len: 9, limit: 8 };
    assert_eq!(check(Limits { signature_bytes: 8, ..limits.clone() }), Err(over.clone()));
    assert_eq!(layout.signature_bytes(&bytes, &Limits { signature_bytes: 8, ..limits.clone() }), Err(over));
    assert_eq!(layout.signature_bytes(&bytes, &limits).as_deref(), Ok(&b"any bytes"[..]));
}

#[test]
fn as_many_entries_as_nuget_signs() {
    let many = |count: usize| Archive { entries: (0..count).map(|n| entry(&n.to_string(), b"")).collect(), ..Archive::default() };
    let most = many(65_533).build();
    assert_eq!(accept(&most), Ok(()));
    let layout = Layout::read(&most, &Limits::default()).unwrap();
    let signed = crate::archive::resolve(&layout.sign(b"signature", 0).unwrap(), &most);
    assert_eq!(accept(&signed), Ok(()));

    let refusal = accept(&many(65_534).build()).unwrap_err();
    assert_eq!(refusal.nu().map(|nu| nu.to_string()).as_deref(), Some("NU3039"));
    assert_eq!(refusal, Error::TooManyEntries { count: 65_534, limit: 65_533 });
    let zip64 = many(70_000).with(|archive| archive.before_end = [zip64_end(), locator()].concat()).build();
    assert_eq!(accept(&zip64), Err(Error::Zip64));
}
