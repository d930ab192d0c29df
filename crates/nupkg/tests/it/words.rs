//! Ids, versions and ranges against `judge id | version | compare`.

use crate::archive::Random;
use model::package::{NuGetVersion, PackageId};
use testkit::Judge;

#[test]
fn ids_are_the_judges() {
    let Some(mut judge) = Judge::start(&["id"]) else { return };
    let mut check = |text: &str| {
        let expected = judge.ask(text)["valid"].as_bool().unwrap();
        assert_eq!(PackageId::parse(text).is_ok(), expected, "{text:?}");
    };
    // Every character of the basic plane but line ends, which the judge takes for the end of its input.
    for c in (0x20..=0xFFFF_u32).filter_map(char::from_u32).filter(|c| !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')) {
        check(&format!("a{c}"));
    }
    let mut random = Random::new(1);
    for _ in 0..3000 {
        check(&format!("a{}", random.text("aZ09._-é日 \u{301}𝒜", 8)));
    }
    for length in [99, 100, 101] {
        check(&"é".repeat(length));
    }
}

#[test]
fn versions_are_the_judges() {
    let Some(mut judge) = Judge::start(&["version"]) else { return };
    let mut random = Random::new(2);
    let table = ["1", "1.2.3.4", "01.1", "1.0-a", "2147483647.0", "2147483648", "1.0-01", "1 . 0", "1.0+a+b", "1.0.0--", "\u{a0}1.0"];
    let generated = (0..8000).map(|n| match n % 3 {
        0 => random.text("0129.-+aB \t", 10),
        1 => format!("1.{}", random.text("0129.-+aB", 10)),
        _ => format!("1.{}.0-{}+{}", random.text("019 ", 3), random.text("01a.-B", 6), random.text("01a.-B", 4)),
    });
    let mut taken = 0;
    for text in table.into_iter().map(str::to_owned).chain(generated.collect::<Vec<_>>()) {
        // The judge passes over empty lines.
        if text.is_empty() {
            continue;
        }
        let expected = judge.ask(&text);
        let Ok(version) = NuGetVersion::parse(&text) else {
            assert_eq!(expected["valid"], false, "{text:?}");
            continue;
        };
        taken += 1;
        assert_eq!(expected["valid"], true, "{text:?}");
        assert_eq!(expected["normalized"], version.normalized(), "{text:?}");
        assert_eq!(expected["full"], version.full(), "{text:?}");
        assert_eq!(expected["prerelease"], version.is_prerelease(), "{text:?}");
        assert_eq!(expected["semVer2"], version.is_semver2(), "{text:?}");
    }
    assert!(taken > 500, "only {taken} of the generated texts were versions");
}

#[test]
fn order_is_the_judges() {
    let Some(mut judge) = Judge::start(&["compare"]) else { return };
    let mut random = Random::new(3);
    let mut version = || {
        let numbers = random.pick(&["1", "1.0.0.0", "1.0.0.1", "1.2", "10.0", "0.9"]);
        let label = random.pick(&["", "", "a", "A", "b", "2", "10", "-", "a-", "a0", "2147483647", "2147483648", "99999999999", "0"]);
        let second = random.pick(&["", "1", "a", "Z"]);
        let metadata = random.pick(&["", "", "+m"]);
        match (label, second) {
            ("", _) => format!("{numbers}{metadata}"),
            (label, "") => format!("{numbers}-{label}{metadata}"),
            (label, second) => format!("{numbers}-{label}.{second}{metadata}"),
        }
    };
    for _ in 0..4000 {
        let (a, b) = (version(), version());
        let expected = judge.ask(&format!("{a}\t{b}"))["order"].as_i64().unwrap();
        let order = NuGetVersion::parse(&a).unwrap().cmp(&NuGetVersion::parse(&b).unwrap());
        assert_eq!(order as i64, expected, "{a} {b}");
    }
}
