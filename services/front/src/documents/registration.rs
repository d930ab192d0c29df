//! `/v3/registration/…`: what each version of an id is. `dotnet add package` without a version, `package download` and
//! `list --outdated` read the index; it holds one page, in line, so that one request tells all.

use crate::addresses::Addresses;
use serde::Serialize;

/// One visible version, as the nuspec and the row give it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Version {
    /// As its author spells it.
    pub(crate) id: String,
    /// Normalised, with the author's case and metadata.
    pub(crate) version: String,
    /// Normalised and lower-case: what addresses hold.
    pub(crate) key: String,
    /// RFC 3339 in UTC.
    pub(crate) published: String,
    pub(crate) authors: String,
    pub(crate) description: String,
    pub(crate) icon_url: String,
    pub(crate) language: String,
    pub(crate) license_expression: String,
    pub(crate) license_url: String,
    pub(crate) min_client_version: String,
    pub(crate) project_url: String,
    pub(crate) require_license_acceptance: bool,
    pub(crate) summary: String,
    pub(crate) tags: Vec<String>,
    pub(crate) title: String,
    pub(crate) dependency_groups: Vec<Group>,
}

/// Dependencies for one target framework.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    /// Empty for every framework.
    pub(crate) target_framework: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// An id and a version range.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dependency {
    pub(crate) id: String,
    /// As the nuspec spells it; empty for any version.
    pub(crate) range: String,
}

/// The index of an id with these versions, in NuGet's order; `key` is the id lower-cased. `None` without any.
pub(crate) fn index(addresses: &Addresses, key: &str, versions: &[Version]) -> Option<impl Serialize + use<>> {
    let (lower, upper) = (&versions.first()?.version, &versions.last()?.version);
    let own = addresses.registration(key);
    let leaves: Vec<IndexLeaf> = versions.iter().map(|v| IndexLeaf::new(addresses, key, v)).collect();
    let page = Page {
        id: format!("{own}#page/{lower}/{upper}"),
        kind: "catalog:CatalogPage",
        count: leaves.len(),
        lower: lower.clone(),
        upper: upper.clone(),
        parent: own.clone(),
        items: leaves,
    };
    Some(Index { id: own, kind: ["catalog:CatalogRoot", "PackageRegistration", "catalog:Permalink"], count: 1, items: [page] })
}

/// The document of one version alone.
pub(crate) fn leaf(addresses: &Addresses, key: &str, version: &Version) -> impl Serialize + use<> {
    Leaf {
        id: addresses.registration_leaf(key, &version.key),
        kind: ["Package", "http://schema.nuget.org/catalog#Permalink"],
        listed: true,
        package_content: addresses.package(key, &version.key),
        published: version.published.clone(),
        registration: addresses.registration(key),
    }
}

#[derive(Debug, Serialize)]
struct Index {
    #[serde(rename = "@id")]
    id: String,
    #[serde(rename = "@type")]
    kind: [&'static str; 3],
    count: usize,
    items: [Page; 1],
}

#[derive(Debug, Serialize)]
struct Page {
    #[serde(rename = "@id")]
    id: String,
    #[serde(rename = "@type")]
    kind: &'static str,
    count: usize,
    lower: String,
    upper: String,
    parent: String,
    items: Vec<IndexLeaf>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct IndexLeaf {
    #[serde(rename = "@id")]
    id: String,
    #[serde(rename = "@type")]
    kind: &'static str,
    commit_time_stamp: String,
    catalog_entry: CatalogEntry,
    package_content: String,
    registration: String,
}

impl IndexLeaf {
    fn new(addresses: &Addresses, key: &str, version: &Version) -> Self {
        Self {
            id: addresses.registration_leaf(key, &version.key),
            kind: "Package",
            commit_time_stamp: version.published.clone(),
            catalog_entry: CatalogEntry::new(addresses, key, version),
            package_content: addresses.package(key, &version.key),
            registration: addresses.registration(key),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Leaf {
    #[serde(rename = "@id")]
    id: String,
    #[serde(rename = "@type")]
    kind: [&'static str; 2],
    listed: bool,
    package_content: String,
    published: String,
    registration: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CatalogEntry {
    #[serde(rename = "@id")]
    at: String,
    #[serde(rename = "@type")]
    kind: &'static str,
    authors: String,
    dependency_groups: Vec<DependencyGroup>,
    description: String,
    icon_url: String,
    id: String,
    language: String,
    license_expression: String,
    license_url: String,
    listed: bool,
    min_client_version: String,
    package_content: String,
    project_url: String,
    published: String,
    require_license_acceptance: bool,
    summary: String,
    tags: Vec<String>,
    title: String,
    version: String,
}

impl CatalogEntry {
    fn new(addresses: &Addresses, key: &str, version: &Version) -> Self {
        let at = format!("{}#catalogEntry", addresses.registration_leaf(key, &version.key));
        let dependency_groups = version.dependency_groups.iter().map(|g| DependencyGroup::new(addresses, &at, g)).collect();
        let version = version.clone();
        Self {
            kind: "PackageDetails",
            authors: version.authors,
            dependency_groups,
            description: version.description,
            icon_url: version.icon_url,
            id: version.id,
            language: version.language,
            license_expression: version.license_expression,
            license_url: version.license_url,
            listed: true,
            min_client_version: version.min_client_version,
            package_content: addresses.package(key, &version.key),
            project_url: version.project_url,
            published: version.published,
            require_license_acceptance: version.require_license_acceptance,
            summary: version.summary,
            tags: version.tags,
            title: version.title,
            version: version.version,
            at,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DependencyGroup {
    #[serde(rename = "@id")]
    at: String,
    #[serde(rename = "@type")]
    kind: &'static str,
    /// Absent for every framework: the client reads an empty one as "unsupported".
    #[serde(skip_serializing_if = "String::is_empty")]
    target_framework: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<PackageDependency>,
}

impl DependencyGroup {
    fn new(addresses: &Addresses, entry: &str, group: &Group) -> Self {
        let mut at = format!("{entry}/dependencygroup");
        if !group.target_framework.is_empty() {
            at = format!("{at}/{}", group.target_framework.to_ascii_lowercase());
        }
        let dependencies = group.dependencies.iter().map(|d| PackageDependency::new(addresses, &at, d)).collect();
        Self { at, kind: "PackageDependencyGroup", target_framework: group.target_framework.clone(), dependencies }
    }
}

#[derive(Debug, Serialize)]
struct PackageDependency {
    #[serde(rename = "@id")]
    at: String,
    #[serde(rename = "@type")]
    kind: &'static str,
    id: String,
    range: String,
    registration: String,
}

impl PackageDependency {
    fn new(addresses: &Addresses, group: &str, dependency: &Dependency) -> Self {
        let key = dependency.id.to_lowercase();
        let range = match dependency.range.trim() {
            "" => "(, )",
            range => range,
        };
        Self {
            at: format!("{group}/{key}"),
            kind: "PackageDependency",
            id: dependency.id.clone(),
            range: range.to_owned(),
            registration: addresses.registration(&key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::moment;
    use serde_json::{json, to_value};
    use time::OffsetDateTime;

    fn version(text: &str) -> Version {
        Version {
            id: "Bar.A".into(),
            version: text.into(),
            key: text.to_lowercase(),
            published: moment(OffsetDateTime::UNIX_EPOCH),
            ..Version::default()
        }
    }

    fn addresses() -> Addresses {
        Addresses::new("https://feed.test", "https://feed.test")
    }

    #[test]
    fn one_page_in_line_from_the_lowest_to_the_highest() {
        let document = to_value(index(&addresses(), "bar.a", &[version("1.0.0-RC.1"), version("1.0.0")]).unwrap()).unwrap();
        assert_eq!(document["count"], json!(1));
        let page = &document["items"][0];
        assert_eq!((&page["count"], &page["lower"], &page["upper"]), (&json!(2), &json!("1.0.0-RC.1"), &json!("1.0.0")));
        let first = &page["items"][0];
        assert_eq!(first["catalogEntry"]["version"], json!("1.0.0-RC.1"));
        assert_eq!(first["catalogEntry"]["listed"], json!(true));
        assert_eq!(first["catalogEntry"]["published"], json!("1970-01-01T00:00:00Z"));
        let content = "https://feed.test/v3/package/bar.a/1.0.0-rc.1/bar.a.1.0.0-rc.1.nupkg";
        assert_eq!((&first["packageContent"], &first["catalogEntry"]["packageContent"]), (&json!(content), &json!(content)));
        assert_eq!(first["@id"], json!("https://feed.test/v3/registration/bar.a/1.0.0-rc.1.json"));
        assert_eq!(first["registration"], document["@id"]);
    }

    #[test]
    fn no_version_no_index() {
        assert!(index(&addresses(), "bar.a", &[]).is_none());
    }

    #[test]
    fn dependencies_by_framework() {
        let mut one = version("1.0.0");
        let any = Dependency { id: "Any.Dep".into(), range: String::new() };
        let exact = Dependency { id: "Exact".into(), range: "[1.2.3]".into() };
        one.dependency_groups = vec![
            Group { target_framework: String::new(), dependencies: vec![any] },
            Group { target_framework: ".NETStandard2.0".into(), dependencies: vec![exact] },
            Group { target_framework: "net10.0".into(), dependencies: vec![] },
        ];
        let document = to_value(index(&addresses(), "bar.a", &[one]).unwrap()).unwrap();
        let groups = &document["items"][0]["items"][0]["catalogEntry"]["dependencyGroups"];
        assert!(groups[0].get("targetFramework").is_none());
        assert_eq!(groups[0]["dependencies"][0]["range"], json!("(, )"));
        assert_eq!(groups[0]["dependencies"][0]["registration"], json!("https://feed.test/v3/registration/any.dep/index.json"));
        assert_eq!(groups[1]["targetFramework"], json!(".NETStandard2.0"));
        assert_eq!(groups[1]["dependencies"][0]["range"], json!("[1.2.3]"));
        assert!(groups[2].get("dependencies").is_none());
    }

    #[test]
    fn a_leaf_leads_to_the_content_and_back_to_the_index() {
        let document = to_value(leaf(&addresses(), "bar.a", &version("1.0.0"))).unwrap();
        assert_eq!(document["packageContent"], json!("https://feed.test/v3/package/bar.a/1.0.0/bar.a.1.0.0.nupkg"));
        assert_eq!(document["registration"], json!("https://feed.test/v3/registration/bar.a/index.json"));
        assert_eq!(document["listed"], json!(true));
    }
}
