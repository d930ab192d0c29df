//! The certificates that clients are told of.

use crate::{Database, Error};
use time::OffsetDateTime;

/// A certificate to announce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCertificate {
    /// SHA-256 fingerprint, upper-case hexadecimal.
    pub fingerprint: String,
    /// The subject as NuGet writes it.
    pub subject: String,
    /// The issuer as NuGet writes it.
    pub issuer: String,
    /// Start of its validity.
    pub not_before: OffsetDateTime,
    /// End of its validity.
    pub not_after: OffsetDateTime,
    /// Its chain as DER, leaf first, root last.
    pub chain: Vec<Vec<u8>>,
}

/// An announced certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRecord {
    /// SHA-256 fingerprint, upper-case hexadecimal.
    pub fingerprint: String,
    /// The subject as NuGet writes it.
    pub subject: String,
    /// The issuer as NuGet writes it.
    pub issuer: String,
    /// Start of its validity.
    pub not_before: OffsetDateTime,
    /// End of its validity.
    pub not_after: OffsetDateTime,
    /// Its chain as DER, leaf first, root last.
    pub chain: Vec<Vec<u8>>,
    /// When it was announced.
    pub announced: OffsetDateTime,
    /// When a signature by it was first published.
    pub first_used: Option<OffsetDateTime>,
    /// When a signature by it was last published.
    pub last_used: Option<OffsetDateTime>,
    /// Whether it is listed.
    pub active: bool,
}

impl CertificateRecord {
    /// The certificate itself as DER.
    pub fn der(&self) -> &[u8] {
        self.chain.first().map_or(&[], Vec::as_slice)
    }
}

impl Database {
    /// Announces a certificate before its first use. One that is there already is left as it is, active or not.
    pub async fn announce(&self, certificate: NewCertificate) -> Result<CertificateRecord, Error> {
        let _ = certificate;
        unimplemented!()
    }

    /// Marks a certificate as used now. (Settling a signature does this by itself.)
    pub async fn touch_used(&self, fingerprint: &str) -> Result<(), Error> {
        let _ = fingerprint;
        unimplemented!()
    }

    /// Every certificate, by when it was announced.
    pub async fn certificates(&self) -> Result<Vec<CertificateRecord>, Error> {
        unimplemented!()
    }

    /// The active ones, by when they were announced.
    pub async fn active_certificates(&self) -> Result<Vec<CertificateRecord>, Error> {
        unimplemented!()
    }

    /// The certificate with this fingerprint, in either case.
    pub async fn certificate(&self, fingerprint: &str) -> Result<Option<CertificateRecord>, Error> {
        let _ = fingerprint;
        unimplemented!()
    }

    /// Takes a certificate off the list; `Conflict` while a visible package carries a signature by it, unless `force`.
    pub async fn deactivate(&self, fingerprint: &str, force: bool) -> Result<CertificateRecord, Error> {
        let _ = (fingerprint, force);
        unimplemented!()
    }

    /// How many visible packages carry a signature by this certificate.
    pub async fn packages_signed_by(&self, fingerprint: &str) -> Result<u64, Error> {
        let _ = fingerprint;
        unimplemented!()
    }
}
