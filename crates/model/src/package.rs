//! Package ids and versions, as NuGet reads, compares and normalises them.
//!
//! Equality, order and hash are NuGet's: ids without regard to case, versions by precedence (metadata does not count).

mod id;
mod version;
mod version_range;

pub use id::PackageId;
pub use version::NuGetVersion;
pub use version_range::VersionRange;

use std::fmt;

/// An id and a version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PackageIdentity {
    /// The id.
    pub id: PackageId,
    /// The version.
    pub version: NuGetVersion,
}

impl PackageIdentity {
    /// Reads both.
    pub fn parse(id: &str, version: &str) -> Result<Self, IdentityError> {
        Ok(Self { id: PackageId::parse(id)?, version: NuGetVersion::parse(version)? })
    }
}

impl fmt::Display for PackageIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.version)
    }
}

/// Why an id or version is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The id breaks NuGet's rules.
    #[error("the package id {0:?} is not one NuGet takes")]
    Id(String),
    /// The version breaks NuGet's rules.
    #[error("the package version {0:?} is not one NuGet takes")]
    Version(String),
}

/// Lower-cases as .NET's invariant culture does: one UTF-16 unit for one, so `İ` stays and a final sigma is a sigma.
pub fn to_lower_invariant(text: &str) -> String {
    let simple = |c: char| {
        let mut lower = c.to_lowercase();
        match (lower.next(), lower.next()) {
            (Some(one), None) => one,
            _ => c,
        }
    };
    text.chars().map(simple).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_casing_maps_one_for_one() {
        for (text, lower) in [("Newtonsoft.JSON", "newtonsoft.json"), ("İI", "İi"), ("ΑΣ", "ασ"), ("ß", "ß"), ("ǅ", "ǆ")] {
            assert_eq!(to_lower_invariant(text), lower);
        }
    }

    #[test]
    fn an_identity_reads_aloud() {
        assert_eq!(PackageIdentity::parse("A.B", "1.0-Beta+x").unwrap().to_string(), "A.B 1.0.0-Beta");
    }
}
