//! The certificates that clients are told of.

use crate::sql::{self, Columns};
use crate::writer::Scope;
use crate::{Database, Error, ErrorKind};
use model::Code;
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
    /// When it was taken off the list.
    pub deactivated: Option<OffsetDateTime>,
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
        const SQL: &str = "-- announce\nINSERT INTO certificates (fingerprint, subject, issuer, not_before, not_after, chain, active, \
             announced_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (fingerprint) DO NOTHING";
        self.write("announcing a certificate", move |scope| {
            Box::pin(async move {
                let values = [
                    certificate.fingerprint.as_str().into(),
                    certificate.subject.into(),
                    certificate.issuer.into(),
                    sql::millis_of(certificate.not_before).into(),
                    sql::millis_of(certificate.not_after).into(),
                    encode_chain(&certificate.chain)?.into(),
                    true.into(),
                    scope.now.into(),
                ];
                sql::execute(scope.on, "announcing a certificate", sql::statement(SQL, values)).await?;
                existing(scope, &certificate.fingerprint).await
            })
        })
        .await
    }

    /// Marks a certificate as used now. (Settling a signature does this by itself.)
    pub async fn touch_used(&self, fingerprint: &str) -> Result<(), Error> {
        let fingerprint = fingerprint.to_owned();
        self.write_atomic("marking a certificate used", move |scope| Box::pin(async move { touch(scope, &fingerprint).await })).await
    }

    /// Every certificate, by when it was announced.
    pub async fn certificates(&self) -> Result<Vec<CertificateRecord>, Error> {
        const SQL: &str = concat!("-- certificates\n", select!(), "ORDER BY announced_at, fingerprint");
        let rows = sql::rows(self.reader(), "reading certificates", sql::statement(SQL, [])).await?;
        rows.iter().map(CertificateRecord::read).collect()
    }

    /// The active ones, by when they were announced.
    pub async fn active_certificates(&self) -> Result<Vec<CertificateRecord>, Error> {
        const SQL: &str = concat!("-- active_certificates\n", select!(), "WHERE active ORDER BY announced_at, fingerprint");
        let rows = sql::rows(self.reader(), "reading certificates", sql::statement(SQL, [])).await?;
        rows.iter().map(CertificateRecord::read).collect()
    }

    /// The certificate with this fingerprint, in either case.
    pub async fn certificate(&self, fingerprint: &str) -> Result<Option<CertificateRecord>, Error> {
        let values = [fingerprint.to_ascii_uppercase().into()];
        let row = sql::row(self.reader(), "reading a certificate", sql::statement(ONE, values)).await?;
        row.as_ref().map(CertificateRecord::read).transpose()
    }

    /// Takes a certificate off the list; `Conflict` while a visible package carries a signature by it, unless `force`. Signature
    /// values by it are not used any more.
    pub async fn deactivate(&self, fingerprint: &str, force: bool) -> Result<CertificateRecord, Error> {
        const SQL: &str = "-- deactivate\nUPDATE certificates SET active = $2, deactivated_at = $3 WHERE fingerprint = $1 AND active";
        let fingerprint = fingerprint.to_ascii_uppercase();
        self.write("deactivating a certificate", move |scope| {
            Box::pin(async move {
                existing(scope, &fingerprint).await?;
                let needed = count(scope.on, &fingerprint).await?;
                if needed > 0 && !force {
                    let context = format!("{needed} visible packages carry a signature by the certificate {fingerprint}");
                    return Err(Error::new(ErrorKind::Conflict, context).coded(Code::CertificateNeeded));
                }
                let values = [fingerprint.as_str().into(), false.into(), scope.now.into()];
                sql::execute(scope.on, "deactivating a certificate", sql::statement(SQL, values)).await?;
                existing(scope, &fingerprint).await
            })
        })
        .await
    }

    /// How many visible packages carry a signature by this certificate.
    pub async fn packages_signed_by(&self, fingerprint: &str) -> Result<u64, Error> {
        count(self.reader(), &fingerprint.to_ascii_uppercase()).await
    }
}

impl CertificateRecord {
    fn read(row: &sea_orm::QueryResult) -> Result<Self, Error> {
        let mut columns = Columns::of(row);
        Ok(Self {
            fingerprint: columns.next()?,
            subject: columns.next()?,
            issuer: columns.next()?,
            not_before: columns.next_time()?,
            not_after: columns.next_time()?,
            chain: decode_chain(&columns.next::<Vec<u8>>()?)?,
            announced: columns.next_time()?,
            first_used: columns.next_time_or_none()?,
            last_used: columns.next_time_or_none()?,
            active: columns.next()?,
            deactivated: columns.next_time_or_none()?,
        })
    }
}

/// Marks a certificate used now; `Conflict` when it is not one of the active ones.
pub(crate) async fn touch(scope: &Scope<'_>, fingerprint: &str) -> Result<(), Error> {
    const SQL: &str = "-- touch\nUPDATE certificates SET first_used_at = COALESCE(first_used_at, $2), last_used_at = $2 \
         WHERE fingerprint = $1 AND active";
    let values = [fingerprint.into(), scope.now.into()];
    match sql::execute(scope.on, "marking a certificate used", sql::statement(SQL, values)).await? {
        1 => Ok(()),
        _ => Err(not_active(fingerprint)),
    }
}

/// `Conflict` when a certificate is not one of the active ones.
pub(crate) async fn require_active(scope: &Scope<'_>, fingerprint: &str) -> Result<(), Error> {
    const SQL: &str = "-- require_active\nSELECT 1 FROM certificates WHERE fingerprint = $1 AND active";
    let row = sql::row(scope.on, "reading a certificate", sql::statement(SQL, [fingerprint.into()])).await?;
    row.map(drop).ok_or_else(|| not_active(fingerprint))
}

fn not_active(fingerprint: &str) -> Error {
    Error::new(ErrorKind::Conflict, format!("the certificate {fingerprint} is not announced, or not active"))
        .coded(Code::CertificateUnusable)
}

async fn existing(scope: &Scope<'_>, fingerprint: &str) -> Result<CertificateRecord, Error> {
    let row = sql::row(scope.on, "reading a certificate", sql::statement(ONE, [fingerprint.into()])).await?;
    let row = row.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("there is no certificate {fingerprint}")).coded(Code::CertificateNotFound)
    })?;
    CertificateRecord::read(&row)
}

async fn count(on: &impl sea_orm::ConnectionTrait, fingerprint: &str) -> Result<u64, Error> {
    const SQL: &str = "-- packages_signed_by\nSELECT count(*) FROM packages WHERE visible AND signed_by = $1";
    let row = sql::row(on, "counting packages", sql::statement(SQL, [fingerprint.into()])).await?;
    row.map_or(Ok(0), |row| Columns::of(&row).next_u64())
}

fn encode_chain(chain: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    for der in chain {
        let len = u32::try_from(der.len()).map_err(|e| Error::new(ErrorKind::Internal, "a certificate over 4 GiB").caused_by(e))?;
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(der);
    }
    Ok(out)
}

fn decode_chain(mut octets: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let mut chain = Vec::new();
    while !octets.is_empty() {
        let split = octets.split_first_chunk::<4>().and_then(|(len, rest)| {
            let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
            rest.split_at_checked(len)
        });
        let (der, rest) = split.ok_or_else(|| Error::new(ErrorKind::Internal, "reading certificates.chain"))?;
        chain.push(der.to_vec());
        octets = rest;
    }
    Ok(chain)
}

macro_rules! select {
    () => {
        "SELECT fingerprint, subject, issuer, not_before, not_after, chain, announced_at, first_used_at, last_used_at, active, \
         deactivated_at FROM certificates "
    };
}
use select;

const ONE: &str = concat!("-- certificate\n", select!(), "WHERE fingerprint = $1");
