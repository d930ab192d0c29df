//! Limits, at the limit and one past it; and uploads that stall or break off.

use super::{holds_only, is_a_refusal};
use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use system_tests::{Answer, Archive, Entry, Serve, manifest, package, sha256, wait_until};

/// A package of exactly this many bytes.
fn of_size(id: &str, size: usize) -> Vec<u8> {
    let mut archive = package(id, "1.0.0");
    let without = archive.bytes().len();
    archive.entries[1] = Entry::stored("content/readme.txt", &vec![b'x'; b"hello".len() + size - without]);
    let bytes = archive.bytes();
    assert_eq!(bytes.len(), size);
    bytes
}

/// An upload that has been let in and stops after its first part.
struct HalfPush {
    connection: TcpStream,
    rest: Vec<u8>,
}

impl HalfPush {
    fn start(serve: &Serve, package: &[u8], half: usize) -> Self {
        let address = serve.http.strip_prefix("http://").unwrap();
        let mut connection = TcpStream::connect(address).unwrap();
        write!(
            connection,
            "PUT /api/v2/package HTTP/1.1\r\nHost: {address}\r\nX-NuGet-ApiKey: test-key\r\nContent-Type: application/octet-stream\r\n\
             Content-Length: {}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
            package.len()
        )
        .unwrap();
        // The server asks for the body once the push has its place.
        let mut asked = [0; 25];
        connection.read_exact(&mut asked).unwrap();
        assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
        connection.write_all(&package[..half]).unwrap();
        Self { connection, rest: package[half..].to_vec() }
    }

    /// Sends the rest; the status.
    fn finish(mut self) -> String {
        let _refused_early = self.connection.write_all(&self.rest);
        self.answer()
    }

    /// The status of whatever the answer is.
    fn answer(mut self) -> String {
        let mut answer = String::new();
        let _broken = self.connection.read_to_string(&mut answer);
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }
}

/// Pushes what is no package until it is turned away for what others are doing; that answer. Before that, it is refused for itself.
fn turned_away(serve: &Serve, size: usize, code: &str) -> Answer {
    wait_until(&format!("a push to be refused with {code}"), || {
        let answer = serve.push(&vec![b'x'; size]);
        if answer.code() == code { Ok(answer) } else { Err(answer.code()) }
    })
}

#[test]
fn of_the_package_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(
        &folder.path().join("data"),
        &[
            ("Limits__MaxPackageBytes", "20000"),
            ("Limits__MaxNuspecBytes", "2048"),
            ("Limits__MaxEntries", "5"),
            ("Limits__MaxNameBytes", "100"),
        ],
    );
    let nuspec_of = |id: &str, size: usize| {
        let bare = manifest(id, "1.0.0", "").len();
        let more = "<!---->".len();
        let nuspec = manifest(id, "1.0.0", &format!("<!--{}-->", "x".repeat(size - bare - more)));
        assert_eq!(nuspec.len(), size);
        nuspec
    };
    let described = |id: &str, size: usize, deflated: bool| {
        let name = format!("{id}.nuspec");
        let nuspec = nuspec_of(id, size);
        Archive::of([if deflated { Entry::deflated(&name, &nuspec) } else { Entry::stored(&name, &nuspec) }]).bytes()
    };
    let of_entries = |id: &str, count: usize| {
        let mut archive = package(id, "1.0.0");
        archive.entries.extend((2..count).map(|i| Entry::stored(&format!("content/{i}.txt"), b"x")));
        archive.bytes()
    };
    let named = |id: &str, length: usize| {
        let mut archive = package(id, "1.0.0");
        archive.entries.push(Entry::stored(&"n".repeat(length), b"x"));
        archive.bytes()
    };
    let mut received = HashSet::new();
    for (what, at_limit, past, code, status) in [
        ("bytes", of_size("Bar.Bytes", 20_000), of_size("Bar.Bytes1", 20_001), "package_too_large", 413),
        ("manifest", described("Bar.Nuspec", 2_048, false), described("Bar.Nuspec1", 2_049, false), "nuspec_too_large", 400),
        ("deflated manifest", described("Bar.Small", 2_048, true), described("Bar.Small1", 2_049, true), "nuspec_too_large", 400),
        ("entries", of_entries("Bar.Entries", 5), of_entries("Bar.Entries1", 6), "too_many_entries", 400),
        ("names", named("Bar.Names", 100), named("Bar.Names1", 101), "name_invalid", 400),
    ] {
        let answer = serve.push(&at_limit);
        assert!(matches!(answer.status, 201 | 202), "{what} at the limit: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        received.insert(sha256(&at_limit));
        let answer = serve.push(&past);
        assert_eq!((answer.status, is_a_refusal(what, &answer).as_str()), (status, code), "{what} past the limit");
    }
    wait_until("everything to be signed", || {
        let pending = serve.rows("SELECT count(*) FROM jobs WHERE state <> 'signed'");
        if pending == [serde_json::json!([0])] { Ok(()) } else { Err(format!("{pending:?}")) }
    });
    holds_only(&serve, &received);
}

#[test]
fn of_pushes_at_once_answer_429_and_let_the_others_finish() {
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(&folder.path().join("data"), &[("Limits__MaxConcurrentPushes", "2")]);
    let (one, other) = (of_size("Bar.One", 40_000), of_size("Bar.Other", 40_000));
    let halves = [HalfPush::start(&serve, &one, 30_000), HalfPush::start(&serve, &other, 30_000)];
    let answer = turned_away(&serve, 5_000, "too_many_pushes");
    assert_eq!((answer.status, is_a_refusal("the third push", &answer).as_str()), (429, "too_many_pushes"));
    assert!(!answer.header("retry-after").is_empty());
    for half in halves {
        assert_eq!(half.finish(), "201");
    }
    let third = of_size("Bar.Third", 5_000);
    assert_eq!(serve.push(&third).status, 201, "there is room again");
    holds_only(&serve, &[&one, &other, &third].map(|p| sha256(p)).into());
}

#[test]
fn of_the_spool_answer_503_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(&folder.path().join("data"), &[("Limits__MaxSpoolBytes", "60000"), ("Limits__MaxPackageBytes", "60000")]);
    let first = of_size("Bar.First", 50_000);
    // Whichever of the two comes first has the room: until it is the first.
    let answer = wait_until("a push to find the spool full", || {
        let half = HalfPush::start(&serve, &first, 45_000);
        let answer = serve.push(&[b'x'; 20_000]);
        let status = half.finish();
        if status == "201" && answer.code() == "spool_full" { Ok(answer) } else { Err(format!("{status}, {}", answer.code())) }
    });
    assert_eq!(answer.status, 503);
    assert!(!answer.header("retry-after").is_empty());
    assert!(answer.header("x-nuget-warning").contains("spool_full"));
    let second = of_size("Bar.Second", 20_000);
    assert_eq!(serve.push(&second).status, 201, "there is room again");
    holds_only(&serve, &[&first, &second].map(|p| sha256(p)).into());
}

#[test]
fn uploads_that_break_off_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(&folder.path().join("data"), &[("Limits__MaxConcurrentPushes", "1")]);
    for (size, half) in [(3_000, 1_000), (40_000, 39_999), (6_000_000, 5_000_000)] {
        let broken = HalfPush::start(&serve, &of_size("Bar.Broken", size), half);
        turned_away(&serve, 100, "too_many_pushes");
        drop(broken);
        turned_away(&serve, 100, "zip_malformed");
    }
    holds_only(&serve, &HashSet::new());
}
