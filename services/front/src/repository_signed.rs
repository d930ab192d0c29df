//! Whether clients may be told that every package of the feed is repository-signed, and if not, why.
//!
//! With `true`, a client refuses each package without a signature by a listed certificate (NU3004, NU3034), and each whose
//! certificate it does not trust (NU3018). So it is said only when the ledger and the trust of clients both bear it out.

use crate::state::{ClientTrust, FrontState, OnFailure};
use certificates::Certificate;
use certificates::chain::{self, ChainStatus, Purpose};
use database::CertificateRecord;
use model::Refusal;
use std::fmt;
use time::OffsetDateTime;
use verification::TrustRoots;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllSigned {
    /// `allRepositorySigned` is true.
    Yes,
    /// It is false.
    No(WhyNot),
}

/// Why `allRepositorySigned` is false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyNot {
    /// No certificate is listed.
    NoCertificate,
    /// Packages may be served unsigned.
    ServesUnsigned,
    /// Nothing says that clients trust the certificates.
    TrustUnknown,
    /// The certificate with this fingerprint does not chain to a root that clients trust.
    Untrusted(String),
    /// A visible package carries no signature by a listed certificate.
    PackageMissing,
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("no certificate is listed"),
            Self::ServesUnsigned => f.write_str("Signing:OnFailure serves packages unsigned, or signing is off"),
            Self::TrustUnknown => {
                f.write_str("neither Feed:ClientsTrustCertificates nor Feed:TrustedRoots says that clients trust the certificates")
            }
            Self::Untrusted(fingerprint) => write!(f, "the certificate {fingerprint} does not chain to a root in Feed:TrustedRoots"),
            Self::PackageMissing => f.write_str("a visible package carries no signature by a listed certificate"),
        }
    }
}

impl FrontState {
    /// Whether `allRepositorySigned` is true now; health and the repository-signatures document say the same.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn all_repository_signed(&self) -> Result<AllSigned, Refusal> {
        let certificates = self.database().active_certificates().await.map_err(|e| self.database_refusal(&e))?;
        self.weigh(&certificates).await
    }

    /// The same with the active certificates at hand.
    pub(crate) async fn weigh(&self, certificates: &[CertificateRecord]) -> Result<AllSigned, Refusal> {
        if certificates.is_empty() {
            return Ok(AllSigned::No(WhyNot::NoCertificate));
        }
        if !self.config().signing_enabled || self.config().on_failure == OnFailure::ServeUnsigned {
            return Ok(AllSigned::No(WhyNot::ServesUnsigned));
        }
        match &self.config().client_trust {
            ClientTrust::Assured => {}
            ClientTrust::Unknown => return Ok(AllSigned::No(WhyNot::TrustUnknown)),
            ClientTrust::Roots(roots) => {
                if let Some(stranger) = certificates.iter().find(|c| !ends_in(c, roots, self.clock().now())) {
                    return Ok(AllSigned::No(WhyNot::Untrusted(stranger.fingerprint.clone())));
                }
            }
        }
        let complete = self.database().all_listed_signed().await.map_err(|e| self.database_refusal(&e))?;
        Ok(if complete { AllSigned::Yes } else { AllSigned::No(WhyNot::PackageMissing) })
    }
}

/// Whether the certificate's chain ends in one of `roots`. When it is valid is another matter: signatures with a timestamp
/// outlive their certificate.
fn ends_in(certificate: &CertificateRecord, roots: &TrustRoots, now: OffsetDateTime) -> bool {
    let Ok(chain) = certificate.chain.iter().map(|der| Certificate::parse(der.clone())).collect::<Result<Vec<_>, _>>() else {
        return false;
    };
    let Some((leaf, extra)) = chain.split_first() else { return false };
    let chain = chain::build(leaf, extra, &roots.code_signing, Purpose::CodeSigning, now);
    chain.statuses.iter().all(|status| *status == ChainStatus::NotTimeValid)
}
