//! `Feed`: how clients see this feed.

use config::Section;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// How clients see this feed.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    /// The address clients use, without a slash at its end; https. It is signed into packages.
    pub(crate) public_base_url: Option<String>,
    /// Owners signed into packages.
    pub(crate) owners: Vec<String>,
    /// How long a push waits for its signature.
    pub(crate) push_waits: Duration,
    /// The operator's word that every client trusts our certificates.
    pub(crate) clients_trust_certificates: bool,
    /// A folder in the SDK's `trustedroots` format: what clients trust.
    pub(crate) trusted_roots: Option<PathBuf>,
}

impl Feed {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let owners = section.list("Owners");
        if owners.len() > OWNERS_MAX || owners.iter().any(|o| o.len() > OWNER_BYTES_MAX) {
            section.problem("Owners", format!("at most {OWNERS_MAX} owners of at most {OWNER_BYTES_MAX} bytes"));
        }
        Self {
            public_base_url: section.filled("PublicBaseUrl").and_then(|text| match checked_url(&text) {
                Ok(url) => Some(url),
                Err(why) => {
                    section.problem("PublicBaseUrl", format!("{text:?} {why}"));
                    None
                }
            }),
            owners,
            push_waits: section
                .duration("PushWaitsForSignature", Duration::ZERO..=Duration::from_secs(60))
                .unwrap_or(Duration::from_secs(5)),
            clients_trust_certificates: section.boolean("ClientsTrustCertificates").unwrap_or(false),
            trusted_roots: section.filled("TrustedRoots").map(PathBuf::from),
        }
    }
}

/// An https address without query, fragment or user; the slash at its end taken off.
fn checked_url(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not an absolute address")?;
    if url.scheme() != "https" {
        return Err("is not https: NuGet refuses a signature that names anything else");
    }
    if url.host_str().is_none() || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err("must be scheme, host, port and path alone");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

const OWNERS_MAX: usize = 64;
const OWNER_BYTES_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::checked_url;

    #[test]
    fn addresses() {
        assert_eq!(checked_url("https://feed.example.com/nuget/").as_deref(), Ok("https://feed.example.com/nuget"));
        assert_eq!(checked_url("https://feed.test").as_deref(), Ok("https://feed.test"));
        for wrong in ["http://feed.test", "feed.test", "https://feed.test/?q", "https://u:p@feed.test", ""] {
            assert!(checked_url(wrong).is_err(), "{wrong}");
        }
    }
}
