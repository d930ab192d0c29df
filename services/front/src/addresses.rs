//! Where things are: every address that a document names, under the public base address and never under the request's Host.

use model::Digest;

/// The public addresses of the feed.
///
/// Clients of a document follow what it says, so an address taken from a request's Host header would let whoever can
/// send one poison what a cache keeps for others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    base: String,
    secure: String,
}

impl Addresses {
    /// `base`: where clients reach the feed, http or https; `secure`: the https address that stands in signatures, for the
    /// one field that has to be https whatever the listener speaks (the client fails every restore otherwise).
    pub fn new(base: &str, secure: &str) -> Self {
        let bare = |address: &str| address.trim_end_matches('/').to_owned();
        Self { base: bare(base), secure: bare(secure) }
    }

    /// Whether clients reach the feed over https.
    pub fn is_https(&self) -> bool {
        self.base.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
    }

    pub(crate) fn publish(&self) -> String {
        format!("{}/api/v2/package", self.base)
    }

    pub(crate) fn package_base(&self) -> String {
        format!("{}/v3/package/", self.base)
    }

    pub(crate) fn package(&self, id: &str, version: &str) -> String {
        format!("{}/v3/package/{id}/{version}/{id}.{version}.nupkg", self.base)
    }

    pub(crate) fn registrations(&self) -> String {
        format!("{}/v3/registration/", self.base)
    }

    pub(crate) fn registration(&self, id: &str) -> String {
        format!("{}/v3/registration/{id}/index.json", self.base)
    }

    pub(crate) fn registration_leaf(&self, id: &str, version: &str) -> String {
        format!("{}/v3/registration/{id}/{version}.json", self.base)
    }

    pub(crate) fn repository_signatures(&self) -> String {
        format!("{}/v3/repository-signatures/index.json", self.base)
    }

    pub(crate) fn certificate(&self, fingerprint: &Digest) -> String {
        format!("{}/v3/certificates/{}.crt", self.secure, fingerprint.to_hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::HashAlgorithm;

    #[test]
    fn a_slash_at_the_end_of_the_base_makes_no_difference() {
        for base in ["https://feed.test/nuget", "https://feed.test/nuget/"] {
            let addresses = Addresses::new(base, base);
            assert!(addresses.is_https());
            assert_eq!(addresses.package("bar", "1.0.0"), "https://feed.test/nuget/v3/package/bar/1.0.0/bar.1.0.0.nupkg");
        }
    }

    #[test]
    fn a_certificate_is_https_even_where_the_feed_is_not() {
        let addresses = Addresses::new("http://127.0.0.1:5000", "https://localhost:5000");
        assert!(!addresses.is_https());
        let fingerprint = HashAlgorithm::Sha256.digest(b"abc");
        assert_eq!(
            addresses.certificate(&fingerprint),
            "https://localhost:5000/v3/certificates/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.crt"
        );
    }
}
