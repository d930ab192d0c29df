//! Package ids.

use super::{IdentityError, to_lower_invariant};
use std::fmt;
use std::hash::{Hash, Hasher};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// The longest id, in UTF-16 units.
const MAX_LEN: usize = 100;

/// A package id as its author spells it. Two are equal when they are so without regard to case.
#[derive(Debug, Clone)]
pub struct PackageId {
    text: String,
    lower: String,
}

impl PackageId {
    /// Reads an id: runs of word characters, with single dots and hyphens between them; 100 UTF-16 units at most.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        let fits = text.chars().take(MAX_LEN + 1).map(char::len_utf16).sum::<usize>() <= MAX_LEN;
        if !fits || !text.split(['.', '-']).all(|run| !run.is_empty() && run.chars().all(is_word)) {
            // A refusal quotes it, so it is cut.
            return Err(IdentityError::Id(text.chars().take(MAX_LEN + 1).collect()));
        }
        Ok(Self { text: text.to_owned(), lower: to_lower_invariant(text) })
    }

    /// As its author spells it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Lower-cased as .NET's invariant culture does: the key in rows and addresses.
    pub fn as_lower(&self) -> &str {
        &self.lower
    }

    /// Lower-cased as .NET's invariant culture does: the key in rows and addresses.
    pub fn to_lower(&self) -> String {
        self.lower.clone()
    }
}

impl PartialEq for PackageId {
    fn eq(&self, other: &Self) -> bool {
        self.lower == other.lower
    }
}

impl Eq for PackageId {}

impl Hash for PackageId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lower.hash(state);
    }
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `\w` of .NET's regular expressions. Characters beyond the basic plane are two surrogates there, and so never word characters.
fn is_word(c: char) -> bool {
    use GeneralCategory as G;
    let word = matches!(
        c.general_category(),
        G::UppercaseLetter
            | G::LowercaseLetter
            | G::TitlecaseLetter
            | G::ModifierLetter
            | G::OtherLetter
            | G::NonspacingMark
            | G::DecimalNumber
            | G::ConnectorPunctuation
    );
    c.len_utf16() == 1 && word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_nuget_takes() {
        for text in ["a", "A.b", "a-b", "a_b", "_", "é", "日本", "a\u{301}", "１", "a\u{203f}b", "İ", &"a".repeat(100)] {
            assert_eq!(PackageId::parse(text).map(|id| id.as_str().to_owned()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn ids_that_nuget_refuses() {
        let long = "a".repeat(101);
        for text in ["", "a.", "-a", ".a", "a..b", "a.-b", "a b", "a\u{903}", "²", "Ⅷ", "a\u{200d}b", "𝒜", "a/b", "a\\b", "a\n", &long]
        {
            assert_eq!(PackageId::parse(text), Err(IdentityError::Id(text.to_owned())));
        }
    }

    #[test]
    fn case_does_not_count() {
        assert_eq!(PackageId::parse("Foo.BAR"), PackageId::parse("foo.bar"));
        assert_eq!(PackageId::parse("Foo.BAR").unwrap().as_lower(), "foo.bar");
    }
}
