//! Versions: Semantic Versioning 2, with NuGet's fourth part and its leniency.

use super::IdentityError;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A version as NuGet reads it. Equality and order are NuGet's: metadata and the case of labels do not count.
#[derive(Debug, Clone)]
pub struct NuGetVersion {
    original: String,
    parts: [i32; 4],
    labels: Vec<String>,
    metadata: Option<String>,
}

impl NuGetVersion {
    /// Reads a version: one to four numbers up to 2147483647 (with blanks around them and leading zeros), release labels
    /// after `-`, metadata after `+`.
    ///
    /// ```text
    /// version  = numbers [ "-" label *( "." label ) ] [ "+" label *( "." label ) ]
    /// label    = 1*( ALPHA / DIGIT / "-" )        ; before the "+": no leading zero when it is all digits
    /// ```
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        // A refusal quotes it, so it is cut.
        Self::read(text).ok_or_else(|| IdentityError::Version(text.chars().take(100).collect()))
    }

    fn read(text: &str) -> Option<Self> {
        let trimmed = text.trim();
        let (rest, metadata) = match trimmed.split_once('+') {
            Some((rest, metadata)) => (rest, Some(metadata)),
            None => (trimmed, None),
        };
        let (numbers, release) = match rest.split_once('-') {
            Some((numbers, release)) => (numbers, Some(release)),
            None => (rest, None),
        };
        if metadata.is_some_and(|metadata| !metadata.split('.').all(is_label)) {
            return None;
        }
        let labels: Vec<String> = match release {
            Some(release) => release.split('.').map(str::to_owned).collect(),
            None => Vec::new(),
        };
        if !labels.iter().all(|label| is_label(label) && !has_leading_zero(label)) {
            return None;
        }
        Some(Self { original: trimmed.to_owned(), parts: read_numbers(numbers)?, labels, metadata: metadata.map(str::to_owned) })
    }

    /// As its author spells it, blanks around it aside.
    pub fn as_str(&self) -> &str {
        &self.original
    }

    /// NuGet's normalised form, without metadata, case kept.
    pub fn normalized(&self) -> String {
        let [major, minor, patch, revision] = self.parts;
        let mut out = format!("{major}.{minor}.{patch}");
        if revision > 0 {
            out.push('.');
            out.push_str(&revision.to_string());
        }
        if !self.labels.is_empty() {
            out.push('-');
            out.push_str(&self.labels.join("."));
        }
        out
    }

    /// Its numbers; what is not written is 0.
    pub(super) fn parts(&self) -> &[i32; 4] {
        &self.parts
    }

    /// The normalised form with metadata.
    pub fn full(&self) -> String {
        match &self.metadata {
            Some(metadata) => format!("{}+{metadata}", self.normalized()),
            None => self.normalized(),
        }
    }

    /// The normalised form lower-cased: the key in rows and addresses.
    pub fn to_lower(&self) -> String {
        self.normalized().to_ascii_lowercase()
    }

    /// Whether it has a release label.
    pub fn is_prerelease(&self) -> bool {
        !self.labels.is_empty()
    }

    /// Whether a client that knows only SemVer 1 would not understand it: dotted labels or metadata.
    pub fn is_semver2(&self) -> bool {
        self.labels.len() > 1 || self.metadata.is_some()
    }
}

/// One to four numbers with dots between, each with blanks around it as `System.Version` once allowed.
fn read_numbers(text: &str) -> Option<[i32; 4]> {
    let mut parts = [0; 4];
    for (index, number) in text.split('.').enumerate() {
        let digits = number.trim();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *parts.get_mut(index)? = digits.parse().ok()?;
    }
    Some(parts)
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn has_leading_zero(label: &str) -> bool {
    label.len() > 1 && label.starts_with('0') && label.bytes().all(|b| b.is_ascii_digit())
}

impl Ord for NuGetVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts.cmp(&other.parts).then_with(|| match (self.labels.is_empty(), other.labels.is_empty()) {
            (true, true) => Ordering::Equal,
            // A release comes after its own previews.
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => compare_labels(&self.labels, &other.labels),
        })
    }
}

/// The first labels that differ decide; else the shorter list comes first.
fn compare_labels(a: &[String], b: &[String]) -> Ordering {
    let by_label = a.iter().zip(b).map(|(a, b)| compare_label(a, b)).find(|order| order.is_ne());
    by_label.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// Numbers by value and before words; words without regard to case. What overflows an `Int32` is a word to NuGet.
fn compare_label(a: &str, b: &str) -> Ordering {
    let number = |label: &str| label.bytes().all(|b| b.is_ascii_digit()).then(|| label.parse::<i32>().ok()).flatten();
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.to_ascii_uppercase().cmp(&b.to_ascii_uppercase()),
    }
}

impl PartialOrd for NuGetVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for NuGetVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for NuGetVersion {}

impl Hash for NuGetVersion {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts.hash(state);
        for label in &self.labels {
            label.to_ascii_uppercase().hash(state);
        }
    }
}

impl fmt::Display for NuGetVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.normalized())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> NuGetVersion {
        NuGetVersion::parse(text).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn normal_forms() {
        let cases = [
            ("1", "1.0.0", "1.0.0"),
            ("01.02.003", "1.2.3", "1.2.3"),
            ("1.0.0.0", "1.0.0", "1.0.0"),
            ("1.2.3.4", "1.2.3.4", "1.2.3.4"),
            (" 1 . 0\u{a0}-a ", "1.0.0-a", "1.0.0-a"),
            ("1.0.0-Beta.1+Meta.01", "1.0.0-Beta.1", "1.0.0-Beta.1+Meta.01"),
            ("1.0.0+a-b", "1.0.0", "1.0.0+a-b"),
            ("1.0.0--", "1.0.0--", "1.0.0--"),
            ("1.0.0-01a", "1.0.0-01a", "1.0.0-01a"),
            ("2147483647.0", "2147483647.0.0", "2147483647.0.0"),
            ("00000000000000000001.0", "1.0.0", "1.0.0"),
        ];
        for (text, normalized, full) in cases {
            assert_eq!((version(text).normalized().as_str(), version(text).full().as_str()), (normalized, full), "{text}");
        }
    }

    #[test]
    fn what_is_no_version() {
        let cases = [
            "",
            " ",
            "a",
            "1.2.3.4.5",
            "1.",
            ".1",
            "1..2",
            "-1.0",
            "+1.0",
            "1.-1",
            "1.+1",
            "2147483648.0",
            "1.0-",
            "1.0+",
            "1.0-+a",
            "1.0-a..b",
            "1.0-a.",
            "1.0-a_b",
            "1.0- a",
            "1.0-a b",
            "1.0-01",
            "1.0-00",
            "1.0-1.01",
            "1.0+a+b",
            "1.0+ a",
            "1.0+a.",
            "v1.0",
            "１.0",
            "1.0-é",
            "1.0.0.0 0",
        ];
        for text in cases {
            assert_eq!(NuGetVersion::parse(text), Err(IdentityError::Version(text.to_owned())));
        }
    }

    #[test]
    fn order() {
        let ascending = [
            "0.9",
            "1.0-2",
            "1.0-10",
            "1.0-10000000000",
            "1.0-2147483648",
            "1.0-a",
            "1.0-a.1",
            "1.0-a-",
            "1.0-a0",
            "1.0-B",
            "1.0",
            "1.0.0.1-a",
            "1.0.0.1",
            "1.0.1",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(version(a).cmp(&version(b)), i.cmp(&j), "{a} {b}");
            }
        }
        for (a, b) in [("1.0", "1.0.0.0"), ("1.0-a", "1.0-A"), ("1.0+a", "1.0+b")] {
            assert_eq!(version(a), version(b));
        }
    }

    #[test]
    fn kinds() {
        let kinds = |text| (version(text).is_prerelease(), version(text).is_semver2());
        assert_eq!(kinds("1.0"), (false, false));
        assert_eq!(kinds("1.0-a"), (true, false));
        assert_eq!(kinds("1.0-a.0"), (true, true));
        assert_eq!(kinds("1.0+a"), (false, true));
    }
}
