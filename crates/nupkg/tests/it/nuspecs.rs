//! Nuspecs, plain and odd, against `judge nuspec`.

use crate::archive::{Random, archive};
use model::package::{IdentityError, PackageId};
use nupkg::manifest::{self, Manifest};
use nupkg::{Error, Layout, Limits};
use serde_json::{Value, json};
use std::path::PathBuf;
use testkit::Judge;

/// A judge of nuspecs, and a file to hand it packages in.
struct Bench {
    judge: Judge,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Option<Self> {
        let judge = Judge::start(&["nuspec"])?;
        let folder = tempfile::tempdir().unwrap();
        Some(Self { judge, path: folder.path().join("a.nupkg"), _folder: folder })
    }

    /// NuGet's reading and ours of a package with these entries.
    fn read(&mut self, entries: &[(&str, &[u8])]) -> (Value, Result<Manifest, Error>) {
        let bytes = archive(entries);
        std::fs::write(&self.path, &bytes).unwrap();
        let limits = Limits::default();
        let ours = Layout::read(&bytes, &limits).and_then(|layout| manifest::read(&bytes, &layout, &limits));
        (self.judge.ask(self.path.to_str().unwrap()), ours)
    }

    /// Both readings must say the same, or both refuse; whether they take it.
    fn agree(&mut self, label: &str, nuspec: &[u8]) -> bool {
        let (theirs, ours) = self.read(&[("a.nuspec", nuspec), ("lib/a.txt", b"a")]);
        if theirs["error"].is_string() {
            assert!(ours.is_err(), "{label}: NuGet refuses: {theirs}");
            return false;
        }
        if matches!(ours, Err(Error::Identity(IdentityError::Id(_)))) {
            // NuGet reads any id, and refuses it elsewhere.
            assert!(PackageId::parse(theirs["id"].as_str().unwrap()).is_err(), "{label}");
            return false;
        }
        let ours = ours.unwrap_or_else(|e| panic!("{label}: {e}; NuGet: {theirs}"));
        assert_eq!(shown(&ours, &theirs), theirs, "{label}");
        true
    }
}

/// Our reading in the judge's words; what we do not read the same way is taken from it.
fn shown(ours: &Manifest, theirs: &Value) -> Value {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut out = theirs.clone();
    out["id"] = ours.identity.id.as_str().into();
    out["version"] = ours.identity.version.normalized().into();
    out["fullVersion"] = ours.identity.version.full().into();
    out["title"] = text(&ours.title).into();
    out["authors"] = text(&ours.authors).into();
    out["description"] = text(&ours.description).into();
    out["tags"] = text(&ours.tags).into();
    out["developmentDependency"] = ours.development_dependency.into();
    out["types"] = ours.package_types.iter().map(|t| format!("{}/{}", t.name, t.version.as_deref().unwrap_or("0.0"))).collect();
    let groups = ours.dependency_groups.iter().enumerate().map(|(index, group)| {
        let packages: Vec<Value> = group.dependencies.iter().map(|d| json!({ "id": d.id, "range": d.range })).collect();
        // NuGet shortens the framework's name.
        let framework = match group.target_framework {
            None => "".into(),
            Some(_) => theirs["dependencies"][index]["framework"].clone(),
        };
        json!({ "framework": framework, "packages": packages })
    });
    out["dependencies"] = groups.collect();
    out
}

const NAMESPACE: &str = "http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd";

fn nuspec(more: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><package xmlns=\"{NAMESPACE}\"><metadata><id>A</id><version>1.0</version>\
         <authors>x</authors><description>d</description>{more}</metadata></package>"
    )
}

#[test]
fn metadata_is_read_as_nuget_reads_it() {
    let Some(mut bench) = Bench::new() else { return };
    let good = [
        ("plain", nuspec("")),
        ("title", nuspec("<title>T</title>")),
        ("case of names", nuspec("<TITLE>T</TITLE><title>U</title>")),
        ("first that is not empty", nuspec("<title/><title>  </title><title>T</title>")),
        ("another namespace", nuspec("<t:title xmlns:t='urn:t'>T</t:title>")),
        ("with elements in it", nuspec("<title>a<b>c</b></title>")),
        ("blanks kept", nuspec("<title>\n  a  b\t</title>")),
        ("line ends", nuspec("<title>a\r\nb\rc</title>")),
        ("references", nuspec("<title>a &amp; b &lt;&gt;&quot;&apos; &#65;&#x42; &#32;</title>")),
        ("blank by reference", nuspec("<title>&#32;</title>")),
        ("character data", nuspec("<title><![CDATA[a & <b>]]> c</title>")),
        ("blank character data", nuspec("<title><![CDATA[ ]]></title>")),
        ("comments", nuspec("<title>a<!-- x -->b</title><!-- y -->")),
        ("instructions", nuspec("<?x y?><title>a<?x y?>b</title>")),
        ("development dependency", nuspec("<developmentDependency> True </developmentDependency>")),
        ("types", nuspec("<packageTypes><packageType name='DotnetTool'/><packageType name=' B ' version='1.2'/></packageTypes>")),
        ("no namespace", nuspec("<title>T</title>").replace(&format!(" xmlns=\"{NAMESPACE}\""), "")),
        (
            "namespace on metadata",
            nuspec("<title>T</title>").replace(&format!(" xmlns=\"{NAMESPACE}\""), "").replace("<metadata>", "<metadata xmlns='urn:x'>"),
        ),
        ("prefixed root", "<p:package xmlns:p='urn:p'><metadata><id>A</id><version>1</version></metadata></p:package>".to_owned()),
        ("second metadata", nuspec("").replace("</package>", "<metadata><id>B</id></metadata></package>")),
        ("second id", nuspec("<id>B</id>")),
        ("blanks around the version", nuspec("").replace("<version>1.0<", "<version> 1.0-A+b\n<")),
        ("comment before", nuspec("").replace("?><package", "?><!-- x --><package")),
        ("no declaration", nuspec("").replace("<?xml version=\"1.0\" encoding=\"utf-8\"?>", "")),
    ];
    for (label, text) in &good {
        assert!(bench.agree(label, text.as_bytes()), "{label}");
    }
    let bad = [
        ("empty", String::new()),
        ("no XML", "nuspec".to_owned()),
        ("cut off", nuspec("").replace("</package>", "")),
        ("crossed tags", nuspec("<title>a</tags>")),
        ("two roots", nuspec("") + "<a/>"),
        ("text behind", nuspec("") + "a"),
        ("document type", nuspec("").replace("?><package", "?><!DOCTYPE package><package")),
        ("entity", nuspec("<title>&nbsp;</title>")),
        ("entity in an attribute", nuspec("<a b='&nbsp;'/>")),
        ("character that is none", nuspec("<title>&#0;</title>")),
        ("control character", nuspec("<title>\u{1}</title>")),
        ("attribute twice", nuspec("<a b='1' b='2'/>")),
        ("attribute without quotes", nuspec("<a b=1/>")),
        ("prefix that is none", nuspec("<x:a/>")),
        ("less-than in an attribute", nuspec("<a b='<'/>")),
        ("dashes in a comment", nuspec("<!-- a -- b -->")),
        ("no metadata", "<package/>".to_owned()),
        ("no version", nuspec("").replace("<version>1.0</version>", "")),
        ("bad version", nuspec("").replace("1.0<", "one<")),
        ("version in another namespace", nuspec("").replace("<version>", "<version xmlns='urn:v'>")),
        ("dependency without an id", nuspec("<dependencies><dependency version='1'/></dependencies>")),
        ("unknown encoding", nuspec("").replace("utf-8", "utf-99")),
        ("UTF-16 by declaration alone", nuspec("").replace("utf-8", "utf-16")),
    ];
    for (label, text) in &bad {
        assert!(!bench.agree(label, text.as_bytes()), "{label}");
    }
}

#[test]
fn encodings_are_nugets() {
    let Some(mut bench) = Bench::new() else { return };
    let text = nuspec("<title>é日𝒜</title>");
    let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
    let little = |text: &str| units(text).into_iter().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let big = |text: &str| units(text).into_iter().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
    let wide = text.replace("utf-8", "utf-16");
    let latin = nuspec("<title>@</title>").replace("utf-8", "iso-8859-1").into_bytes();
    let latin: Vec<u8> = latin.into_iter().map(|b| if b == b'@' { 0xE9 } else { b }).collect();
    let good = [
        ("mark of UTF-8", [&b"\xEF\xBB\xBF"[..], text.as_bytes()].concat()),
        ("mark of little UTF-16", [b"\xFF\xFE".to_vec(), little(&wide)].concat()),
        ("mark of big UTF-16", [b"\xFE\xFF".to_vec(), big(&wide)].concat()),
        ("little UTF-16 without a mark", little(&wide)),
        ("big UTF-16 without a mark", big(&wide)),
        ("Latin-1", latin),
        ("single quotes, capitals", text.replace("\"utf-8\"", "'UTF-8'").into_bytes()),
    ];
    for (label, bytes) in &good {
        assert!(bench.agree(label, bytes), "{label}");
    }
    let bad = [
        (
            "broken UTF-8",
            nuspec("<title>@</title>").into_bytes().into_iter().map(|b| if b == b'@' { 0xE9 } else { b }).collect::<Vec<u8>>(),
        ),
        ("lone surrogate", little(&wide).into_iter().chain([0, 0xD8]).collect()),
    ];
    for (label, bytes) in &bad {
        assert!(!bench.agree(label, bytes), "{label}");
    }
}

#[test]
fn dependencies_and_ranges_are_nugets() {
    let Some(mut bench) = Bench::new() else { return };
    for more in [
        "<dependencies/>",
        "<dependencies><group/></dependencies>",
        "<dependencies><group targetFramework=''/><group targetFramework='net6.0'/></dependencies>",
        "<dependencies><dependency id='B'/><dependency id='C' version=''/></dependencies>",
        "<dependencies><dependency id='B'/><group targetFramework='net45'><dependency id='C' version='1'/></group></dependencies>",
        "<dependencies><group targetFramework='net45'><dependency id='C'/></group></dependencies><dependencies><group><dependency id='D'/></group></dependencies>",
        "<dependencies><group targetFramework='net45'><dependency id='B' version='1'/><dependency id='b' version='2'/></group></dependencies>",
        "<dependencies><dependency id=' B ' version=' 1 '/></dependencies>",
        "<dependencies xmlns='urn:x'><dependency id='B'/></dependencies>",
    ] {
        assert!(bench.agree(more, nuspec(more).as_bytes()), "{more}");
    }
    let mut random = Random::new(4);
    let ends = ["", " ", "1", "1.0", "2.0-a", "1.0.0.0", "3", "x", "1.*", "1.0-*", "*", " 1 "];
    let mut ranges: Vec<String> = [
        "1.0",
        "[1.0]",
        "(1.0)",
        "[1.0)",
        "()",
        "[]",
        "(,)",
        "[,]",
        "( , )",
        "*",
        "1.*",
        "1.0.*",
        "1.0.0-*",
        "1.0.0-b*",
        "1.0.0-b.*",
        "[1.*, 2)",
        "[1.0,2.0,3.0]",
        "(",
        "[",
        "]",
        "1.0]",
        "(1,1)",
        "[1,1]",
        "[1,1)",
        "[2,1]",
        "1.2.3.*",
        "1.*.2",
        "*-*",
        "1*",
        "é",
    ]
    .map(str::to_owned)
    .into();
    ranges.extend(
        (0..400).map(|_| {
            format!("{}{},{}{}", random.pick(&["[", "("]), random.pick(&ends), random.pick(&ends), random.pick(&["]", ")", " ]"]))
        }),
    );
    for range in ranges {
        let text = nuspec(&format!("<dependencies><dependency id='B' version='{range}'/></dependencies>"));
        bench.agree(&range, text.as_bytes());
    }
}

#[test]
fn the_nuspec_is_the_one_that_nuget_finds_or_none() {
    let Some(mut bench) = Bench::new() else { return };
    let text = nuspec("");
    let mut find = |names: &[&str]| {
        let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, text.as_bytes())).collect();
        let (theirs, ours) = bench.read(&entries);
        (theirs["id"] == "A", ours.map(|manifest| manifest.identity.id.to_string()))
    };
    for names in [&["a.nuspec"][..], &["A.NUSPEC"], &[".nuspec"], &["a.nuspec", "x/b.nuspec"], &["a%2Enuspec"], &["á.nuspec"]] {
        assert_eq!(find(names), (true, Ok("A".to_owned())), "{names:?}");
    }
    for names in [&["x/a.nuspec"][..], &["x\\a.nuspec"], &["x%2Fa.nuspec"], &["a.txt"], &["/a.nuspec"], &["./a.nuspec"]] {
        assert_eq!(find(names), (false, Err(Error::NuspecMissing)), "{names:?}");
    }
    for names in [&["a.nuspec", "b.nuspec"][..], &["a.nuspec", "A.nuspec"], &["a.nuspec", "b%2Enuspec"]] {
        assert_eq!(find(names), (false, Err(Error::NuspecAmbiguous)), "{names:?}");
    }
    // NuGet finds one, another reader might find the other.
    for names in [&["a.nuspec", "/b.nuspec"][..], &["a.nuspec", "\\b.nuspec"], &["a.nuspec", "./b.nuspec"]] {
        assert_eq!(find(names), (true, Err(Error::NuspecAmbiguous)), "{names:?}");
    }
}
#[test]
fn what_is_well_formed_is_what_dotnet_says() {
    let Some(mut bench) = Bench::new() else { return };
    let decl = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
    let cases = [
        ("ws before decl", format!("\n{}", nuspec(""))),
        ("comment before decl", format!("<!-- a -->{}", nuspec(""))),
        ("two decls", format!("{decl}{}", nuspec(""))),
        ("decl inside", nuspec(decl)),
        ("version 1.1", nuspec("").replace("1.0\" enc", "1.1\" enc")),
        ("no version", nuspec("").replace("version=\"1.0\" ", "")),
        ("standalone", nuspec("").replace("utf-8\"?", "utf-8\" standalone=\"maybe\"?")),
        ("cdata end in text", nuspec("<title>a]]>b</title>")),
        ("bare amp", nuspec("<title>a & b</title>")),
        ("amp no semi", nuspec("<title>a &amp b</title>")),
        ("attr no space", nuspec("<a b='1'c='2'/>")),
        ("digit name", nuspec("<1a/>")),
        ("two colons", nuspec("<a:b:c/>")),
        ("space in end tag", nuspec("<a></a >")),
        ("space before name", nuspec("< a/>")),
        ("xml ns", nuspec("<a xml:lang='en' xml:space='preserve'> </a>")),
        ("xmlns unbind", nuspec("<a xmlns:b='' />")),
        ("default unbind", nuspec("<title xmlns=''>T</title>")),
        ("dup ns attr", nuspec("<a xmlns:x='u' xmlns:y='u' x:b='' y:b=''/>")),
        ("unknown attr prefix", nuspec("<a q:b=''/>")),
        ("cdata outside", nuspec("") + "<![CDATA[ ]]>"),
        ("nul after", nuspec("") + "\0"),
        ("pi xml upper", nuspec("<?XML a?>")),
        ("pi unclosed", nuspec("<?a ")),
        ("comment ends --->", nuspec("<!-- a --->")),
        ("nonchar", nuspec("<title>\u{fffe}</title>")),
        ("nonchar plane", nuspec("<title>\u{1fffe}</title>")),
        ("c1", nuspec("<title>a\u{85}b\u{7f}</title>")),
        ("ref surrogate", nuspec("<title>&#xD800;</title>")),
        ("ref pair", nuspec("<title>&#xD83D;&#xDE00;</title>")),
        ("ref upper X", nuspec("<title>&#X41;</title>")),
        ("ref cr", nuspec("<title>&#13;a</title>")),
        ("attr newline", nuspec("<dependencies><dependency id='B\nC' version='1'/></dependencies>")),
        ("attr ref newline", nuspec("<dependencies><dependency id='B&#10;C' version='1'/></dependencies>")),
        ("bom inside", nuspec("<title>\u{feff}</title>")),
        ("bom only text", "\u{feff}\u{feff}".to_owned() + &nuspec("")),
        ("attr gt", nuspec("<a b='>'/>")),
        ("empty name", nuspec("<>x</>")),
        ("end attr", nuspec("<a></a b='1'>")),
        ("slash space", nuspec("<a / >")),
        ("unicode name", nuspec("<é/>")),
        ("bad unicode name", nuspec("<a\u{d7}/>")),
        ("eq space", nuspec("<a b = '1'/>")),
        ("ws after", nuspec("") + "\n\n"),
        ("xmlns:xml wrong", nuspec("<a xmlns:xml='u'/>")),
        ("xmlns reserved", nuspec("<a xmlns:xmlns='u'/>")),
        ("title mixed nbsp", nuspec("<title>\u{a0}</title>")),
        ("cdata in root", nuspec("").replace("<metadata>", "<![CDATA[x]]><metadata>")),
        ("text in metadata", nuspec("abc")),
    ];
    for (label, text) in cases {
        bench.agree(label, text.as_bytes());
    }
}

#[test]
fn broken_nuspecs_are_read_as_nuget_reads_them() {
    let Some(mut bench) = Bench::new() else { return };
    let whole = nuspec(
        "<title a='1' b=\"2\">T &amp; <![CDATA[x]]></title><!-- c --><p:tags xmlns:p='urn:p'>t</p:tags>\
         <dependencies><group targetFramework='net6.0'><dependency id='B' version='[1,2)'/></group></dependencies>",
    );
    let tokens = [
        "<",
        ">",
        "&",
        "&amp;",
        "&#65;",
        "]]>",
        "<!--",
        "-->",
        "<a>",
        "</a>",
        "<a/>",
        "'",
        "\"",
        " ",
        "=",
        "xmlns='u'",
        "<![CDATA[",
        "<?p?>",
        "/",
        ":",
        "\n",
        "é",
    ];
    let mut random = Random::new(6);
    let mut taken = 0;
    for round in 0..1500 {
        let mut text: Vec<char> = whole.chars().collect();
        for _ in 0..=random.below(2) {
            let at = random.below(text.len());
            let cut = random.below(3);
            let token = random.pick(&tokens);
            let new = if random.below(3) == 0 { "" } else { token };
            text.splice(at..(at + cut).min(text.len()), new.chars());
        }
        let text: String = text.into_iter().collect();
        taken += usize::from(bench.agree(&format!("round {round}: {text}"), text.as_bytes()));
    }
    assert!((200..1300).contains(&taken), "{taken} of 1500 were taken");
}
