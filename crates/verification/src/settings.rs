//! What a verification is asked to hold packages to (spec 6.1, 6.3, 6.7).

use crate::roots::TrustRoots;
use model::HashAlgorithm;
use time::OffsetDateTime;

/// Whose verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `dotnet nuget verify` (V).
    Command,
    /// Restore with `signatureValidationMode` = `accept` (A).
    Accept,
    /// The same from a feed that says `allRepositorySigned` (A*); its list is the trusted signers.
    Feed,
    /// Restore with `signatureValidationMode` = `require` (R).
    Require,
}

/// Which signatures a trusted signer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignerKind {
    /// `<author>`: author signatures.
    Author,
    /// `<repository>`: repository signatures and countersignatures.
    Repository,
}

/// One entry of the list of trusted signers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedSigner {
    /// Which signatures it is about.
    pub kind: SignerKind,
    /// Fingerprint of the certificate, hexadecimal, as spelled: its letter case matters for `allow_untrusted_root` alone.
    pub fingerprint: String,
    /// The algorithm of the fingerprint.
    pub algorithm: HashAlgorithm,
    /// Whether the certificate's root may be unknown (forgives expiry too, spec 6.5).
    pub allow_untrusted_root: bool,
    /// For repositories: only packages with one of these owners. Empty: any.
    pub owners: Vec<String>,
}

/// Settings of a verification.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose verification.
    pub mode: Mode,
    /// The list of trusted signers.
    pub trusted: Vec<TrustedSigner>,
    /// `--certificate-fingerprint`: SHA-256 fingerprints, one of which must be the primary signer's. Empty: not asked.
    pub fingerprints: Vec<String>,
    /// Which roots count.
    pub roots: TrustRoots,
    /// The moment of the verification.
    pub now: OffsetDateTime,
}

/// When a repository countersignature is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Countersignatures {
    IfPresent,
    IfPresentAndNecessary,
}

/// NuGet's settings, by their names there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) allow_unsigned: bool,
    pub(crate) allow_illegal: bool,
    pub(crate) allow_untrusted: bool,
    pub(crate) allow_ignore_timestamp: bool,
    pub(crate) countersignatures: Countersignatures,
    /// An empty list of trusted signers is an error.
    pub(crate) list_required: bool,
}

impl Mode {
    pub(crate) fn policy(self) -> Policy {
        Policy {
            allow_unsigned: self == Self::Accept,
            allow_illegal: matches!(self, Self::Accept | Self::Feed),
            allow_untrusted: self == Self::Accept,
            allow_ignore_timestamp: self != Self::Command,
            countersignatures: if self == Self::Command { Countersignatures::IfPresent } else { Countersignatures::IfPresentAndNecessary },
            list_required: matches!(self, Self::Require | Self::Feed),
        }
    }
}
