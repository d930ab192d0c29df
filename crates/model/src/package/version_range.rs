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
        if text == "*" {
            return Some(Self { min_inclusive: true, floating: Some("*".to_owned()), min: NuGetVersion::parse("0.0").ok(), ..Self::all() });
        }
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
    let text = text.trim();
    if text.is_empty() {
        return Some((None, None));
    }
    if !text.contains('*') {
        return Some((Some(NuGetVersion::parse(text).ok()?), None));
    }
    // `1.*`, `1.0.*`, `1.0.0-*`, `1.0.0-beta*`: the star stands at the end.
    let fixed = text.strip_suffix('*').filter(|fixed| !fixed.contains('*'))?;
    let least = match fixed.chars().next_back() {
        Some('.') if !fixed.contains('-') => format!("{fixed}0"),
        Some('-' | '.') => format!("{fixed}0"),
        Some(_) if fixed.contains('-') => fixed.to_owned(),
        _ => return None,
    };
    Some((Some(NuGetVersion::parse(&least).ok()?), Some(text.to_owned())))
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
