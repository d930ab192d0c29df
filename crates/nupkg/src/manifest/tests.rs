//! Values of a nuspec, and the limits on reading one. What NuGet makes of odd ones is in `tests/it/nuspecs.rs`.

use super::*;
use std::io::Write as _;
use zip::write::SimpleFileOptions;

fn nuspec(more: &str) -> String {
    format!("<package><metadata minClientVersion='2.12'><id>A.b</id><version>1.0-Beta+x</version>{more}</metadata></package>")
}

fn read_of(nuspec: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<Manifest, Error> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("a.nuspec", SimpleFileOptions::default()).unwrap();
    writer.write_all(nuspec).unwrap();
    let mut bytes = writer.finish().unwrap().into_inner();
    change(&mut bytes);
    let limits = Limits::default();
    read(&bytes, &Layout::read(&bytes, &limits)?, &limits)
}

fn invalid(reason: &str) -> Error {
    Error::NuspecInvalid { reason: reason.to_owned() }
}

#[test]
fn every_value() {
    let raw = nuspec(
        "<title>T</title><summary>S</summary><description>D</description><authors>a, b</authors><tags>x y</tags><language>en</language>\
         <license type='expression'> MIT </license><licenseUrl>l</licenseUrl><icon>i.png</icon><iconUrl>i</iconUrl><readme>r.md</readme>\
         <projectUrl>p</projectUrl><requireLicenseAcceptance>TRUE</requireLicenseAcceptance>\
         <packageTypes><packageType name='DotnetTool' version='1.0'/><packageType name=' '/></packageTypes>\
         <dependencies><group targetFramework='.NETStandard2.0'><dependency id='B' version='[1,2)'/></group><group/></dependencies>",
    );
    let text = |text: &str| Some(text.to_owned());
    let expected = Manifest {
        identity: PackageIdentity::parse("A.b", "1.0.0-Beta").unwrap(),
        raw: raw.clone().into_bytes(),
        title: text("T"),
        description: text("D"),
        summary: text("S"),
        authors: text("a, b"),
        tags: text("x y"),
        language: text("en"),
        license_expression: text("MIT"),
        license_file: None,
        license_url: text("l"),
        icon: text("i.png"),
        icon_url: text("i"),
        readme: text("r.md"),
        project_url: text("p"),
        require_license_acceptance: true,
        development_dependency: false,
        min_client_version: text("2.12"),
        package_types: vec![PackageType { name: "DotnetTool".to_owned(), version: text("1.0") }],
        dependency_groups: vec![
            DependencyGroup {
                target_framework: text(".NETStandard2.0"),
                dependencies: vec![Dependency { id: "B".to_owned(), range: "[1.0.0, 2.0.0)".to_owned() }],
            },
            DependencyGroup { target_framework: None, dependencies: vec![] },
        ],
    };
    let manifest = parse(raw.as_bytes()).unwrap();
    assert_eq!(manifest, expected);
    assert_eq!(manifest.identity.version.full(), "1.0.0-Beta+x");
}

#[test]
fn ids_and_versions_are_checked() {
    use model::package::IdentityError::{Id, Version};
    let identity = |id: &str, version: &str| {
        parse(format!("<package><metadata><id>{id}</id><version>{version}</version></metadata></package>").as_bytes()).map(|m| m.identity)
    };
    assert_eq!(identity("a b", "1"), Err(Error::Identity(Id("a b".to_owned()))));
    assert_eq!(identity("", "1"), Err(Error::Identity(Id(String::new()))));
    assert_eq!(identity("a", "1.x"), Err(Error::Identity(Version("1.x".to_owned()))));
    assert!(identity(&"a".repeat(100), "1").is_ok());
    assert_eq!(identity(&"a".repeat(101), "1"), Err(Error::Identity(Id("a".repeat(101)))));
}

#[test]
fn a_nuspec_may_be_as_long_as_the_limit() {
    let limit = Limits::default().nuspec_bytes;
    let mut text = nuspec("").into_bytes();
    text.resize(usize::try_from(limit).unwrap(), b' ');
    assert_eq!(read_of(&text, |_| {}).map(|m| m.identity.to_string()).as_deref(), Ok("A.b 1.0.0-Beta"));
    text.push(b' ');
    assert_eq!(read_of(&text, |_| {}), Err(Error::NuspecTooLarge { limit }));
}

#[test]
fn what_inflates_to_more_than_it_says_is_refused() {
    // The directory's own size field, 24 bytes into its header.
    let claim = |bytes: &mut Vec<u8>, size: u32| {
        let at = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap() + 24;
        bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
    };
    let limit = Limits::default().nuspec_bytes;
    let bomb = vec![b' '; 4 << 20];
    assert_eq!(read_of(&bomb, |bytes| claim(bytes, 10)), Err(Error::NuspecTooLarge { limit }));
    let text = nuspec("");
    assert_eq!(read_of(text.as_bytes(), |bytes| claim(bytes, 10)), Err(invalid("its size is not what the directory says")));
    assert_eq!(read_of(text.as_bytes(), |bytes| bytes[38] = 0xFF), Err(invalid("its compressed data is damaged")));
}

#[test]
fn flags_and_methods_that_hide_the_nuspec() {
    let central = |bytes: &[u8]| bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let text = nuspec("");
    let encrypted = |bytes: &mut Vec<u8>| {
        let at = central(bytes) + 8;
        bytes[at] |= 1;
    };
    assert_eq!(read_of(text.as_bytes(), encrypted), Err(invalid("it is encrypted")));
    let method = |bytes: &mut Vec<u8>| {
        let at = central(bytes) + 10;
        bytes[at] = 12;
    };
    let reason = "it is compressed by a method that is neither deflate nor none";
    assert_eq!(read_of(text.as_bytes(), method), Err(invalid(reason)));
}

#[test]
fn elements_are_limited_in_number_and_depth() {
    let too_many = Err(invalid("it has too many elements, or too deep ones"));
    // Four elements stand around these.
    let count = |n: usize| parse(nuspec(&"<a/>".repeat(n)).as_bytes()).map(|_| ());
    assert_eq!(count(49_996), Ok(()));
    assert_eq!(count(49_997), too_many);
    let depth = |n: usize| parse(nuspec(&("<a>".repeat(n) + &"</a>".repeat(n))).as_bytes()).map(|_| ());
    assert_eq!(depth(62), Ok(()));
    assert_eq!(depth(63), too_many);
}

#[test]
fn attributes_are_limited_in_number() {
    let count = |n: usize| {
        let attributes: String = (0..n).map(|n| format!(" a{n}=''")).collect();
        parse(nuspec(&format!("<a{attributes}/>")).as_bytes()).map(|_| ())
    };
    assert_eq!(count(64), Ok(()));
    assert_eq!(count(65), Err(invalid("an element has an attribute twice, or too many of them")));
}
