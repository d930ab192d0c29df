//! The nuspec: who the package is and what it says of itself.

mod content;
mod xml;

use crate::{Error, Layout, Limits, ReadAt};
use model::PackageIdentity;
use model::package::VersionRange;
use xml::Element;

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
pub fn read(source: &dyn ReadAt, layout: &Layout, limits: &Limits) -> Result<Manifest, Error> {
    let entry = content::find(layout)?;
    parse(&content::read(source, entry, limits)?)
}

/// Reads a nuspec.
pub fn parse(raw: &[u8]) -> Result<Manifest, Error> {
    let invalid = |reason: String| Error::NuspecInvalid { reason };
    let root = xml::read(raw).map_err(invalid)?;
    // In any namespace: old packages have it here rather than on the root.
    let metadata =
        root.children.iter().find(|child| child.name == "metadata").ok_or_else(|| invalid("it has no metadata element".to_owned()))?;
    let own = |name: &'static str| metadata.named(metadata, name).next().map(|element| element.text.as_str());
    // NuGet reads descriptive values by name alone, whatever its case, and takes the first that is not empty.
    let value = |name: &str| {
        let mut all = metadata.children.iter().filter(|child| child.name.eq_ignore_ascii_case(name) && child.children.is_empty());
        all.find(|child| !child.text.is_empty()).map(|child| child.text.clone())
    };
    let is_true = |text: Option<&str>| text.is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let license = |kind: &str| {
        let mut all = metadata.named(metadata, "license");
        all.find(|license| license.attribute("type").is_some_and(|t| t.eq_ignore_ascii_case(kind)))
            .map(|license| license.text.trim().to_owned())
    };
    Ok(Manifest {
        identity: PackageIdentity::parse(own("id").unwrap_or_default(), own("version").unwrap_or_default())?,
        raw: raw.to_vec(),
        title: value("title"),
        description: value("description"),
        summary: value("summary"),
        authors: value("authors"),
        tags: value("tags"),
        language: value("language"),
        license_expression: license("expression"),
        license_file: license("file"),
        license_url: value("licenseUrl"),
        icon: value("icon"),
        icon_url: value("iconUrl"),
        readme: value("readme"),
        project_url: value("projectUrl"),
        require_license_acceptance: is_true(value("requireLicenseAcceptance").as_deref()),
        development_dependency: is_true(own("developmentDependency").map(str::trim)),
        min_client_version: metadata.attribute("minClientVersion").map(str::to_owned),
        package_types: package_types(metadata),
        dependency_groups: dependency_groups(metadata).map_err(invalid)?,
    })
}

fn package_types(metadata: &Element) -> Vec<PackageType> {
    let lists = metadata.named(metadata, "packageTypes");
    let types = lists.flat_map(|list| list.named(metadata, "packageType"));
    types
        .filter_map(|element| {
            let name = element.attribute("name")?.trim();
            let version = element.attribute("version").map(str::trim).filter(|version| !version.is_empty());
            (!name.is_empty()).then(|| PackageType { name: name.to_owned(), version: version.map(str::to_owned) })
        })
        .collect()
}

/// Groups where there are any, else the flat list of old nuspecs as one group for any framework.
fn dependency_groups(metadata: &Element) -> Result<Vec<DependencyGroup>, String> {
    let lists = || metadata.named(metadata, "dependencies");
    let mut groups = Vec::new();
    for group in lists().flat_map(|list| list.named(metadata, "group")) {
        groups.push(DependencyGroup {
            target_framework: group.attribute("targetFramework").filter(|text| !text.is_empty()).map(str::to_owned),
            dependencies: group.named(metadata, "dependency").map(dependency).collect::<Result<_, _>>()?,
        });
    }
    if groups.is_empty() {
        let dependencies: Vec<Dependency> =
            lists().flat_map(|list| list.named(metadata, "dependency")).map(dependency).collect::<Result<_, _>>()?;
        if !dependencies.is_empty() {
            groups.push(DependencyGroup { target_framework: None, dependencies });
        }
    }
    Ok(groups)
}

/// One dependency; a range that cannot be read means any version, as it does to NuGet.
fn dependency(element: &Element) -> Result<Dependency, String> {
    let id = element.attribute("id").filter(|id| !id.is_empty()).ok_or("a dependency has no id")?;
    let range = element.attribute("version").and_then(VersionRange::parse).unwrap_or_else(VersionRange::all);
    Ok(Dependency { id: id.to_owned(), range: range.to_string() })
}

#[cfg(test)]
mod tests;
