//! Package ids and versions, as NuGet reads, compares and normalises them. (Being written.)

/// A package id as its author spells it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PackageId(String);

/// A version as NuGet reads it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NuGetVersion(String);

/// An id and a version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PackageIdentity {
    /// The id.
    pub id: PackageId,
    /// The version.
    pub version: NuGetVersion,
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

impl PackageId {
    /// Reads an id.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        Ok(Self(text.to_owned()))
    }
    /// As its author spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Lower-cased as .NET's invariant culture does: the key in rows and addresses.
    pub fn to_lower(&self) -> String {
        self.0.to_lowercase()
    }
}

impl NuGetVersion {
    /// Reads a version.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        Ok(Self(text.to_owned()))
    }
    /// As its author spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// NuGet's normalised form, without metadata, case kept.
    pub fn normalized(&self) -> String {
        self.0.clone()
    }
    /// The normalised form lower-cased: the key in rows and addresses.
    pub fn to_lower(&self) -> String {
        self.normalized().to_lowercase()
    }
    /// Whether it has a release label.
    pub fn is_prerelease(&self) -> bool {
        self.0.contains('-')
    }
}
