//! Reads values as what they should be, remembers what was asked for, and collects everything that is wrong.

use crate::source::Source;
use crate::{Secret, parse_bytes, parse_duration};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, as it was spelled or as it should be.
    pub key: String,
    /// What is wrong with it, in a sentence.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.text)
    }
}

/// Reads one [`Source`].
#[derive(Debug)]
pub struct Reader<'a> {
    source: &'a Source,
    asked: RefCell<BTreeSet<String>>,
    spelled: RefCell<BTreeSet<String>>,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Reader<'a> {
    /// Starts with nothing asked for.
    pub fn new(source: &'a Source) -> Self {
        Self { source, asked: RefCell::default(), spelled: RefCell::default(), problems: RefCell::default() }
    }

    /// The section with this path; `""` is the root.
    pub fn section(&self, path: &str) -> Section<'_> {
        Section { reader: self, path: path.to_owned() }
    }

    /// Whether anything at all is said at or below `path`.
    pub fn has(&self, path: &str) -> bool {
        self.source.has(path)
    }

    /// Adds a problem found by whoever understands the values together.
    pub fn problem(&self, key: &str, text: impl Into<String>) {
        self.problems.borrow_mut().push(Problem { key: key.to_owned(), text: text.into() });
    }

    /// Every key that was asked for so far, as code spells it: the documentation is held to this.
    pub fn known(&self) -> Vec<String> {
        self.spelled.borrow().iter().cloned().collect()
    }

    /// Everything that is wrong: what was found while reading, then each key in one of `sections` that nobody asked for.
    pub fn finish(self, sections: &[&str]) -> Result<(), Vec<Problem>> {
        let mut problems = self.problems.into_inner();
        let (asked, spelled) = (self.asked.into_inner(), self.spelled.into_inner());
        for section in sections {
            for (path, said) in self.source.below(section).chain(self.source.said(section).map(|s| (*section, s))) {
                let path = path.to_lowercase();
                if !asked.contains(&path) {
                    let near = nearest(&path, &spelled).map_or_else(String::new, |n| format!("; the nearest is {n}"));
                    let from = said.variable.as_ref().map_or_else(String::new, |v| format!(" (environment variable {v})"));
                    problems.push(Problem { key: said.path.clone(), text: format!("there is no such key{near}{from}") });
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

/// The known key most like `path`, when it is like enough.
fn nearest<'s>(path: &str, known: &'s BTreeSet<String>) -> Option<&'s str> {
    let (distance, key) = known.iter().map(|k| (edit_distance(path, &k.to_lowercase()), k)).min()?;
    (distance <= 3 + path.len() / 4).then_some(key)
}

/// Levenshtein's distance.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// One section; reading a key makes it known.
#[derive(Debug, Clone)]
pub struct Section<'r> {
    reader: &'r Reader<'r>,
    path: String,
}

impl<'r> Section<'r> {
    /// The full path of `key`.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}:{key}", self.path) }
    }

    /// The section below.
    pub fn section(&self, key: &str) -> Section<'r> {
        Section { reader: self.reader, path: self.path_of(key) }
    }

    /// Whether anything is said at or below `key`.
    pub fn has(&self, key: &str) -> bool {
        self.reader.source.has(&self.path_of(key))
    }

    /// Adds a problem about `key`.
    pub fn problem(&self, key: &str, text: impl Into<String>) {
        self.reader.problem(&self.path_of(key), text);
    }

    /// The text of `key`, `""` included.
    pub fn text(&self, key: &str) -> Option<String> {
        let path = self.path_of(key);
        self.reader.asked.borrow_mut().insert(path.to_lowercase());
        let said = self.reader.source.said(&path).map(|s| s.value.clone());
        self.reader.spelled.borrow_mut().insert(path);
        said
    }

    /// The text of `key`, where blank counts as absent.
    pub fn filled(&self, key: &str) -> Option<String> {
        self.text(key).filter(|t| !t.trim().is_empty())
    }

    fn read<T>(&self, key: &str, wanted: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text(key)?;
        let value = parse(text.trim());
        if value.is_none() {
            self.problem(key, format!("{text:?} is not {wanted}"));
        }
        value
    }

    /// `true` or `false`, in any case.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        self.read(key, "true or false", |t| match t.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        })
    }

    /// A whole number in `range`.
    pub fn integer(&self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        self.read(key, &wanted, |t| t.parse().ok().filter(|n| range.contains(n)))
    }

    /// A size in bytes, in `range`.
    pub fn bytes(&self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let wanted = format!("a size such as \"250MiB\" from {} to {} bytes", range.start(), range.end());
        self.read(key, &wanted, |t| parse_bytes(t).filter(|n| range.contains(n)))
    }

    /// A duration such as `90s`, in `range`.
    pub fn duration(&self, key: &str, range: RangeInclusive<Duration>) -> Option<Duration> {
        let wanted = format!("a duration such as \"90s\" from {:?} to {:?}", range.start(), range.end());
        self.read(key, &wanted, |t| parse_duration(t).filter(|d| range.contains(d)))
    }

    /// One of `choices`, in any case.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = choices.iter().map(|c| c.0).collect();
        let wanted = format!("one of {}", names.join(", "));
        self.read(key, &wanted, |t| choices.iter().find(|c| c.0.eq_ignore_ascii_case(t)).map(|c| c.1))
    }

    /// The texts of `key:0`, `key:1`, …, in the order of their indices; blank ones are left out.
    pub fn list(&self, key: &str) -> Vec<String> {
        let path = self.path_of(key);
        let prefix = format!("{}:", path.to_lowercase());
        let mut items: Vec<(u64, String)> = Vec::new();
        let mut known = self.reader.asked.borrow_mut();
        for (at, said) in self.reader.source.below(&path) {
            if let Some(index) = at.strip_prefix(&prefix).and_then(|i| i.parse().ok()) {
                known.insert(at.to_owned());
                if !said.value.trim().is_empty() {
                    items.push((index, said.value.clone()));
                }
            }
        }
        self.reader.spelled.borrow_mut().insert(path);
        items.sort_by_key(|i| i.0);
        items.into_iter().map(|i| i.1).collect()
    }

    /// A secret: given in clear at `key`, in a file named at `key:File`, or by reference at `key` + `Secret` or
    /// `ConfigurationKey`, which names another key or an environment variable. The reference wins. `read_file` is how files
    /// are read.
    pub fn secret(&self, key: &str, read_file: &dyn Fn(&str) -> std::io::Result<String>) -> Option<Secret> {
        let clear = self.filled(key).map(Secret::new).or_else(|| {
            let path = self.section(key).filled("File")?;
            match read_file(&path) {
                Ok(text) => Some(Secret::new(text.trim_end_matches(['\r', '\n']))),
                Err(e) => {
                    self.problem(key, format!("the file {path} cannot be read: {e}"));
                    None
                }
            }
        });
        let by_reference =
            ["Secret", "ConfigurationKey"].into_iter().find_map(|suffix| self.referenced(&format!("{key}{suffix}"), read_file));
        by_reference.or(clear)
    }

    /// What the key or environment variable named by the value of `key` holds. Named but absent is a problem.
    pub fn referenced(&self, key: &str, read_file: &dyn Fn(&str) -> std::io::Result<String>) -> Option<Secret> {
        if let Some(path) = self.section(key).filled("File") {
            return match read_file(&path) {
                Ok(text) => Some(Secret::new(text.trim_end_matches(['\r', '\n']))),
                Err(e) => {
                    self.problem(key, format!("the file {path} cannot be read: {e}"));
                    None
                }
            };
        }
        let name = self.filled(key)?;
        self.reader.asked.borrow_mut().insert(name.to_lowercase());
        let said = self.reader.source.said(&name).map(|s| s.value.as_str()).or_else(|| self.reader.source.variable(&name));
        if said.is_none() {
            self.problem(key, format!("it names {name}, and there is no such key or environment variable"));
        }
        said.map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(file: &str, environment: &[(&str, &str)]) -> Source {
        Source::new(Some(file), environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())), &[]).unwrap()
    }

    fn no_files(_: &str) -> std::io::Result<String> {
        Err(std::io::ErrorKind::NotFound.into())
    }

    #[test]
    fn environment_overrides_the_file_without_regard_to_case() {
        let source = source(
            r#"{"Signing": {"Mode": "Null", "SelfSigned": {"ValidityInDays": 30}}}"#,
            &[("signing__MODE", "SelfSigned"), ("PATH", "/bin")],
        );
        let reader = Reader::new(&source);
        let signing = reader.section("Signing");
        assert_eq!(signing.text("Mode").as_deref(), Some("SelfSigned"));
        assert_eq!(signing.section("SelfSigned").integer("ValidityInDays", 1..=3650), Some(30));
        assert_eq!(reader.finish(&["Signing"]), Ok(()));
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest() {
        let source = source(r#"{"Signing": {"Mod": "SelfSigned"}, "Logging": {"Anything": 1}}"#, &[]);
        let reader = Reader::new(&source);
        reader.section("Signing").text("Mode");
        let problems = reader.finish(&["Signing"]).unwrap_err();
        assert_eq!(
            problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["Signing:Mod: there is no such key; the nearest is Signing:Mode"]
        );
    }

    #[test]
    fn a_value_out_of_range_names_the_range() {
        let source = source(r#"{"A": {"N": 9999, "S": "5 bananas"}}"#, &[]);
        let reader = Reader::new(&source);
        let a = reader.section("A");
        assert_eq!((a.integer("N", 1..=3650), a.bytes("S", 0..=10)), (None, None));
        let problems = reader.finish(&["A"]).unwrap_err();
        assert_eq!(problems[0].to_string(), "A:N: \"9999\" is not a whole number from 1 to 3650");
        assert_eq!(problems.len(), 2);
    }

    #[test]
    fn an_empty_variable_is_the_empty_value_and_null_is_absent() {
        let source = source(r#"{"A": {"B": null, "C": "x"}}"#, &[("A__C", "")]);
        let reader = Reader::new(&source);
        assert_eq!(reader.section("A").text("B"), None);
        assert_eq!(reader.section("A").text("C").as_deref(), Some(""));
    }

    #[test]
    fn lists_come_in_the_order_of_their_indices() {
        let source = source(r#"{"Feed": {"Owners": ["a", "b", "c"]}}"#, &[("Feed__Owners__1", "B"), ("Feed__Owners__10", "k")]);
        let reader = Reader::new(&source);
        assert_eq!(reader.section("Feed").list("Owners"), ["a", "B", "c", "k"]);
        assert_eq!(reader.finish(&["Feed"]), Ok(()));
    }

    #[test]
    fn a_reference_makes_its_target_known_and_must_lead_somewhere() {
        let text = r#"{"Signing": {"CertificatePasswordSecret": "Signing:CertificatePassword", "CertificatePassword": "s"}}"#;
        let there = source(text, &[]);
        let reader = Reader::new(&there);
        let secret = reader.section("Signing").referenced("CertificatePasswordSecret", &no_files);
        assert_eq!(secret.map(|s| s.expose().to_owned()).as_deref(), Some("s"));
        assert_eq!(reader.finish(&["Signing"]), Ok(()));

        let absent = source(r#"{"Signing": {"CertificatePasswordSecret": "Signing:CertificatePassword"}}"#, &[]);
        let reader = Reader::new(&absent);
        assert_eq!(reader.section("Signing").referenced("CertificatePasswordSecret", &no_files), None);
        assert!(reader.finish(&["Signing"]).unwrap_err()[0].text.contains("there is no such key or environment variable"));
    }

    #[test]
    fn a_secret_may_stand_in_a_file() {
        let source = source(r#"{"S": {"Password": {"File": "/run/p"}}}"#, &[]);
        let reader = Reader::new(&source);
        let secret = reader.section("S").secret("Password", &|path| Ok(format!("from {path}\n")));
        assert_eq!(secret.map(|s| s.expose().to_owned()).as_deref(), Some("from /run/p"));
        assert_eq!(reader.finish(&["S"]), Ok(()));
    }
}
