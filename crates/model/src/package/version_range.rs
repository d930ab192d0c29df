//! Version ranges of dependencies, in NuGet's interval notation.

use super::NuGetVersion;
use std::fmt;

/// A range of versions: `1.0` (at least), `[1.0]` (exactly), `[1.0, 2.0)`, `(, 2.0]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRange {
    min: Option<NuGetVersion>,
    min_inclusive: bool,
    max: Option<NuGetVersion>,
    max_inclusive: bool,
    /// The lower end as written when it floats (`1.*`), which no nuspec should, but some do.
    floating: Option<String>,
}

impl VersionRange {
    /// Every version.
    pub fn all() -> Self {
        Self { min: None, min_inclusive: false, max: None, max_inclusive: false, floating: None }
    }

    /// Reads a range; `None` when NuGet cannot.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (min_inclusive, inner) = match text.chars().next()? {
            '[' => (true, &text[1..]),
            '(' => (false, &text[1..]),
            _ => return Self::at_least(text),
        };
        let max_inclusive = match inner.chars().next_back()? {
            ']' => true,
            ')' => false,
            _ => return None,
        };
        let inner = &inner[..inner.len() - 1];
        let ends: Vec<&str> = inner.split(',').collect();
        let (min_text, max_text) = match ends[..] {
            // One version stands for both ends; `()`, `(1.0)` and `[1.0)` are nothing.
            [one] if min_inclusive && max_inclusive => (one, one),
            [min, max] => (min, max),
            _ => return None,
        };
        if min_text.is_empty() && max_text.is_empty() {
            return None;
        }
        let (min, floating) = lower_end(min_text)?;
        let max = match max_text.trim() {
            "" => None,
            text => Some(NuGetVersion::parse(text).ok()?),
        };
        if let (Some(low), Some(high)) = (&min, &max) {
            // NuGet lets `(1.0, 1.0)` pass, which nothing satisfies.
            if low > high || (low == high && min_inclusive != max_inclusive) {
                return None;
            }
        }
        Some(Self { min, min_inclusive, max, max_inclusive, floating })
    }

    fn at_least(text: &str) -> Option<Self> {
        let (min, floating) = lower_end(text)?;
        min.is_some().then(|| Self { min, min_inclusive: true, floating, ..Self::all() })
    }
}

/// A lower end, and its spelling when it floats. Blank means none.
fn lower_end(text: &str) -> Option<(Option<NuGetVersion>, Option<String>)> {
    if text.trim().is_empty() {
        return Some((None, None));
    }
    if text.contains('*') {
        return floating_end(text).map(|(least, spelling)| (Some(least), spelling));
    }
    Some((Some(NuGetVersion::parse(text).ok()?), None))
}

/// The least version of a floating end, and its normalised spelling: `*`, `1.*`, `1.2.3.*`, `1.0-*`, `1.0-beta*`, `1.*-*`.
fn floating_end(text: &str) -> Option<(NuGetVersion, Option<String>)> {
    let (numbers, label) = match text.split_once('-') {
        Some((numbers, label)) => (numbers.trim(), Some(label.strip_suffix('*')?)),
        None => (text.strip_suffix('*').map(|_| text.trim())?, None),
    };
    // A dot or nothing before a label's star asks for a label after it.
    let least_label = match label {
        None => String::new(),
        Some(label) if label.is_empty() || label.ends_with('.') => format!("-{label}0"),
        Some(label) => format!("-{label}"),
    };
    let Some(fixed) = numbers.strip_suffix('*') else {
        let least = NuGetVersion::parse(&format!("{numbers}{least_label}")).ok()?;
        let numbers = NuGetVersion::parse(numbers).ok()?.normalized();
        return Some((least, Some(format!("{numbers}-{}*", label?))));
    };
    let least = NuGetVersion::parse(&format!("{fixed}0{least_label}")).ok()?;
    let parts = fixed.split('.').count() - 1;
    if parts == 0 && !fixed.is_empty() {
        // `1*` is ten to NuGet, and does not float.
        return label.is_none().then_some((least, None));
    }
    let mut spelling: String = least.parts().iter().take(parts).map(|part| format!("{part}.")).collect();
    spelling.push('*');
    if let Some(label) = label {
        spelling.push_str(&format!("-{label}*"));
    }
    Some((least, Some(spelling)))
}

/// The normalised form.
impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.min.is_some() && self.min_inclusive { "[" } else { "(" })?;
        match (&self.floating, &self.min) {
            (Some(text), _) => f.write_str(text)?,
            (None, Some(min)) => f.write_str(&min.normalized())?,
            (None, None) => {}
        }
        f.write_str(", ")?;
        if let Some(max) = &self.max {
            f.write_str(&max.normalized())?;
        }
        f.write_str(if self.max.is_some() && self.max_inclusive { "]" } else { ")" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_forms() {
        let cases = [
            ("1.0", "[1.0.0, )"),
            ("[1.0]", "[1.0.0, 1.0.0]"),
            ("[1.0, 2.0-A)", "[1.0.0, 2.0.0-A)"),
            ("(,2]", "(, 2.0.0]"),
            ("(1,)", "(1.0.0, )"),
            ("(1,1)", "(1.0.0, 1.0.0)"),
            ("( , )", "(, )"),
            ("*", "[*, )"),
            ("01.*", "[1.*, )"),
            ("(1.2.*, 2]", "(1.2.*, 2.0.0]"),
            ("1.0-*", "[1.0.0-*, )"),
            ("1.0-b.*", "[1.0.0-b.*, )"),
            ("1.*-*", "[1.*-*, )"),
            ("1*", "[10.0.0, )"),
        ];
        for (text, normalized) in cases {
            assert_eq!(VersionRange::parse(text).map(|range| range.to_string()).as_deref(), Some(normalized), "{text}");
        }
    }

    #[test]
    fn what_is_no_range() {
        for text in
            ["", " ", "x", "()", "(,)", "(1)", "[1)", "[2,1]", "[1,1)", "[1,2,3]", "[", "1]", "1.*.2", "[1.*]", "1.2.3.4.*", "1.0-01*", "é"]
        {
            assert_eq!(VersionRange::parse(text), None, "{text}");
        }
    }
}
