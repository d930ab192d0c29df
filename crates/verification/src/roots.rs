//! The roots that count, for signing and for time stamps (spec 5.6).

use certificates::{Certificate, pem};

/// Root certificates, each list for one purpose. Certificates in it that are not self-issued serve as intermediates.
#[derive(Debug, Clone, Default)]
pub struct TrustRoots {
    /// For package signatures.
    pub code_signing: Vec<Certificate>,
    /// For time-stamp tokens.
    pub timestamping: Vec<Certificate>,
}

impl TrustRoots {
    /// The roots of a folder in the .NET SDK's `trustedroots` format: the text of its `codesignctl.pem` and `timestampctl.pem`.
    /// What cannot be read as a certificate is left out, as .NET's loader would fail on it and NuGet then trusts nothing; the
    /// SDK's own bundles can be read to the last.
    pub fn from_folder_contents(codesignctl_pem: &str, timestampctl_pem: &str) -> Self {
        let read = |text: &str| pem::parse_all(text).into_iter().filter_map(|der| Certificate::parse(der).ok()).collect();
        Self { code_signing: read(codesignctl_pem), timestamping: read(timestampctl_pem) }
    }

    /// Adds a root for both purposes.
    pub fn add(&mut self, root: Certificate) {
        self.code_signing.push(root.clone());
        self.timestamping.push(root);
    }

    /// Adds every certificate of a PEM text for both purposes.
    pub fn add_pem(&mut self, text: &str) {
        for root in pem::parse_all(text).into_iter().filter_map(|der| Certificate::parse(der).ok()) {
            self.add(root);
        }
    }
}
