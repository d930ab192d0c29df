//! The nuspec: who the package is and what it says of itself.

use crate::{Error, Layout, Limits, ReadAt};
use model::PackageIdentity;

/// What a nuspec says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Id and version.
    pub identity: PackageIdentity,
    /// The nuspec's bytes as in the package.
    pub raw: Vec<u8>,
    /// `title`.
    pub title: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `summary`.
    pub summary: Option<String>,
    /// `authors`, as written: separated by commas.
    pub authors: Option<String>,
    /// `tags`, as written: separated by spaces.
    pub tags: Option<String>,
    /// `language`.
    pub language: Option<String>,
    /// `license` of type `expression`.
    pub license_expression: Option<String>,
    /// `license` of type `file`.
    pub license_file: Option<String>,
    /// `licenseUrl`.
    pub license_url: Option<String>,
    /// `icon`: a file of the package.
    pub icon: Option<String>,
    /// `iconUrl`.
    pub icon_url: Option<String>,
    /// `readme`: a file of the package.
    pub readme: Option<String>,
    /// `projectUrl`.
    pub project_url: Option<String>,
    /// `requireLicenseAcceptance`.
    pub require_license_acceptance: bool,
    /// `developmentDependency`.
    pub development_dependency: bool,
    /// `minClientVersion`, as written.
    pub min_client_version: Option<String>,
    /// `packageTypes`; empty means `Dependency`.
    pub package_types: Vec<PackageType>,
    /// `dependencies`, in groups.
    pub dependency_groups: Vec<DependencyGroup>,
}

/// One of `packageTypes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageType {
    /// Its name.
    pub name: String,
    /// Its version, where given.
    pub version: Option<String>,
}

/// Dependencies for one framework.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyGroup {
    /// The framework as written; `None` means any.
    pub target_framework: Option<String>,
    /// The dependencies.
    pub dependencies: Vec<Dependency>,
}

/// One dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The id.
    pub id: String,
    /// The range in NuGet's normalised form; `(, )` means any version.
    pub range: String,
}

/// Reads the nuspec out of a package.
pub fn read(_source: &dyn ReadAt, _layout: &Layout, _limits: &Limits) -> Result<Manifest, Error> {
    unimplemented!()
}

/// Reads a nuspec.
pub fn parse(_raw: &[u8]) -> Result<Manifest, Error> {
    unimplemented!()
}
