//! Chains as .NET's `X509Chain` builds them on Linux with custom root trust: OpenSSL's search for issuers, OpenSSL's checks, all of
//! their findings collected, then .NET's own check of application policies.
//!
//! First only the roots are asked for issuers, and what the package brings along only when that leaves the chain open. Nothing is
//! fetched; revocation is left out, since what is unknown about it never decides (spec 6.4, 6.5).

mod checks;
mod policy;
mod search;

use crate::certificate::Certificate;
use time::OffsetDateTime;

/// What a chain is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signing packages.
    CodeSigning,
    /// Signing time-stamp tokens.
    TimeStamping,
}

/// What is wrong with a chain, by .NET's names (`X509ChainStatusFlags`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChainStatus {
    /// A certificate of the chain is expired or not yet valid.
    NotTimeValid,
    /// A certificate's signature is not one of its issuer's.
    NotSignatureValid,
    /// A certificate may not be used for the purpose.
    NotValidForUsage,
    /// The chain ends in a self-signed certificate that is not one of the roots.
    UntrustedRoot,
    /// A certificate that may not issue others has issued one, or a path is too long.
    InvalidBasicConstraints,
    /// A name outside those that an issuer may certify.
    InvalidNameConstraints,
    /// A critical extension that OpenSSL does not handle.
    HasNotSupportedCriticalExtension,
    /// An issuer is missing.
    PartialChain,
    /// Not one of .NET's: it cannot read the validity or the policies of a certificate of the chain, and ends in an exception.
    Unreadable,
}

impl ChainStatus {
    /// .NET's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotTimeValid => "NotTimeValid",
            Self::NotSignatureValid => "NotSignatureValid",
            Self::NotValidForUsage => "NotValidForUsage",
            Self::UntrustedRoot => "UntrustedRoot",
            Self::InvalidBasicConstraints => "InvalidBasicConstraints",
            Self::InvalidNameConstraints => "InvalidNameConstraints",
            Self::HasNotSupportedCriticalExtension => "HasNotSupportedCriticalExtension",
            Self::PartialChain => "PartialChain",
            Self::Unreadable => "Unreadable",
        }
    }
}

/// A chain, complete or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Leaf first.
    pub elements: Vec<Certificate>,
    /// Everything that is wrong with it, each thing once.
    pub statuses: Vec<ChainStatus>,
}

impl Chain {
    /// Whether nothing is wrong with it.
    pub fn is_valid(&self) -> bool {
        self.statuses.is_empty()
    }

    /// Whether `status` is among what is wrong.
    pub fn has(&self, status: ChainStatus) -> bool {
        self.statuses.contains(&status)
    }

    /// The last certificate: the root when the chain is complete.
    pub fn last(&self) -> Option<&Certificate> {
        self.elements.last()
    }
}

/// Builds the chain of `leaf` at a moment, with the certificates of `extra` as possible intermediates.
pub fn build(leaf: &Certificate, extra: &[Certificate], roots: &[Certificate], purpose: Purpose, at: OffsetDateTime) -> Chain {
    let mut found = search::search(leaf, &[], roots, at);
    if found.ending == search::Ending::Open && !extra.is_empty() {
        found = search::search(leaf, extra, roots, at);
    }
    let mut statuses = Vec::new();
    match found.ending {
        search::Ending::Trusted => {}
        search::Ending::UntrustedRoot => statuses.push(ChainStatus::UntrustedRoot),
        search::Ending::Open => statuses.push(ChainStatus::PartialChain),
    }
    let trusted = found.ending == search::Ending::Trusted;
    checks::extensions(&found.elements, &mut statuses);
    checks::signatures(&found.elements, trusted, &mut statuses);
    checks::times(&found.elements, at, &mut statuses);
    checks::names(&found.elements, &mut statuses);
    if found.elements.iter().any(|c| c.extensions().unreadable_policy || !c.has_readable_times()) {
        statuses.push(ChainStatus::Unreadable);
    }
    if !policy::allows(&found.elements, purpose) {
        statuses.push(ChainStatus::NotValidForUsage);
    }
    statuses.sort_unstable();
    statuses.dedup();
    Chain { elements: found.elements, statuses }
}
