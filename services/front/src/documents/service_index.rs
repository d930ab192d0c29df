//! `/v3/index.json`: what the feed offers, and where.

use crate::addresses::Addresses;
use serde::Serialize;

/// The service index.
#[derive(Debug, Serialize)]
pub(crate) struct ServiceIndex {
    version: &'static str,
    resources: Vec<Resource>,
}

#[derive(Debug, Serialize)]
struct Resource {
    #[serde(rename = "@id")]
    id: String,
    #[serde(rename = "@type")]
    kind: &'static str,
    comment: &'static str,
}

impl ServiceIndex {
    /// RepositorySignatures stands in it only where the feed is reached over https: the client fails every restore from a
    /// feed that names an http one (spec 6.8).
    pub(crate) fn new(addresses: &Addresses) -> Self {
        let mut resources = vec![
            Resource { id: addresses.publish(), kind: "PackagePublish/2.0.0", comment: "Takes packages." },
            Resource {
                id: addresses.package_base(),
                kind: "PackageBaseAddress/3.0.0",
                comment: "Package content, manifests and the list of versions of an id.",
            },
        ];
        for kind in REGISTRATIONS {
            let comment = "What each version of an id is: dependencies, descriptions, where its content is.";
            resources.push(Resource { id: addresses.registrations(), kind, comment });
        }
        if addresses.is_https() {
            for kind in REPOSITORY_SIGNATURES {
                let comment = "The certificates that the feed signs packages with.";
                resources.push(Resource { id: addresses.repository_signatures(), kind, comment });
            }
        }
        Self { version: "3.0.0", resources }
    }
}

/// One document serves them all, with SemVer 2 versions in it: a client old enough to ask for the first ones alone reads the
/// versions that it knows and skips the others.
const REGISTRATIONS: [&str; 5] = [
    "RegistrationsBaseUrl",
    "RegistrationsBaseUrl/3.0.0-beta",
    "RegistrationsBaseUrl/3.0.0-rc",
    "RegistrationsBaseUrl/3.4.0",
    "RegistrationsBaseUrl/3.6.0",
];

const REPOSITORY_SIGNATURES: [&str; 3] = ["RepositorySignatures/4.7.0", "RepositorySignatures/4.9.0", "RepositorySignatures/5.0.0"];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json, to_value};

    fn kinds(base: &str) -> Vec<(String, String)> {
        let index = to_value(ServiceIndex::new(&Addresses::new(base, "https://localhost:1"))).unwrap();
        assert_eq!(index["version"], json!("3.0.0"));
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        index["resources"].as_array().unwrap().iter().map(|r| (text(&r["@type"]), text(&r["@id"]))).collect()
    }

    #[test]
    fn an_https_feed_names_its_repository_signatures() {
        let kinds = kinds("https://feed.test");
        assert_eq!(kinds.len(), 10);
        assert!(kinds.iter().all(|(_, id)| id.starts_with("https://feed.test/")));
        for kind in REPOSITORY_SIGNATURES {
            assert!(kinds.contains(&(kind.into(), "https://feed.test/v3/repository-signatures/index.json".into())));
        }
        assert!(kinds.contains(&("PackageBaseAddress/3.0.0".into(), "https://feed.test/v3/package/".into())));
    }

    #[test]
    fn an_http_feed_leaves_them_out() {
        let kinds = kinds("http://127.0.0.1:5000");
        assert!(kinds.iter().all(|(kind, _)| !kind.starts_with("RepositorySignatures")));
        assert_eq!(kinds.len(), 7);
    }
}
