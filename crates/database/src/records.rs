//! Packages as the rows hold them, and how a row is read.

use crate::jobs::JobRecord;
use crate::sql::Columns;
use crate::{Error, ErrorKind};
use model::{Digest, Digests, HashAlgorithm, NuGetVersion, PackageId, PackageIdentity};
use time::OffsetDateTime;

/// A package row's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageKey(pub i64);

impl std::fmt::Display for PackageKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A package as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageRecord {
    /// The row's key.
    pub key: PackageKey,
    /// Id and version as the nuspec spells them.
    pub identity: PackageIdentity,
    /// SHA-256 of the file as it came.
    pub received: Digest,
    /// Digests of the unsigned form: what signatures cover.
    pub unsigned: Digests,
    /// Length of the file as it came, in bytes.
    pub size: u64,
    /// Path of the blob as it came.
    pub incoming: String,
    /// The pinned version of that blob, in the store's own words.
    pub pin: String,
    /// What signatures it came with, in intake's words.
    pub arrival: String,
    /// Whether the feed shows it: once true, always true.
    pub visible: bool,
    /// Whether this row is the one with its id and version.
    pub holds_identity: bool,
    /// The fingerprint of the certificate that its kept signature is by.
    pub signed_by: Option<String>,
    /// Who pushed it.
    pub requested_by: Option<String>,
    /// When it was recorded, by the database's clock.
    pub created: OffsetDateTime,
}

/// A package with its job and, once signed, its signature in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageView {
    /// The package.
    pub package: PackageRecord,
    /// The job of signing it.
    pub job: JobRecord,
    /// The kept signature.
    pub signature: Option<SignatureSummary>,
}

/// A kept signature without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureSummary {
    /// SHA-256 fingerprint of the signing certificate, upper-case hexadecimal.
    pub fingerprint: String,
    /// SHA-256 of the `.signature.p7s` bytes.
    pub p7s_sha256: Digest,
    /// Length of the signed file, in bytes.
    pub size: u64,
    /// Path of the signed blob, once it is written.
    pub signed: Option<String>,
    /// When the signature was kept, by the database's clock.
    pub created: OffsetDateTime,
}

/// The columns of a package, in the order [`PackageRecord::read`] takes them; the table is called `p`.
macro_rules! package_columns {
    () => {
        "p.id, p.package_id, p.package_version, p.received_sha256, p.unsigned_sha256, p.unsigned_sha384, p.unsigned_sha512, \
         p.size_bytes, p.incoming_blob, p.incoming_pin, p.arrival, p.visible, p.holds_identity, p.signed_by, p.requested_by, \
         p.created_at"
    };
}
pub(crate) use package_columns;

impl PackageRecord {
    pub(crate) fn read(row: &mut Columns<'_>) -> Result<Self, Error> {
        let key = PackageKey(row.next()?);
        let (id, version) = (row.next::<String>()?, row.next::<String>()?);
        let identity = PackageIdentity {
            id: PackageId::parse(&id).map_err(|e| unreadable(key, "package_id").caused_by(e))?,
            version: NuGetVersion::parse(&version).map_err(|e| unreadable(key, "package_version").caused_by(e))?,
        };
        let received = sha256(&row.next::<String>()?).ok_or_else(|| unreadable(key, "received_sha256"))?;
        let unsigned = sha256(&row.next::<String>()?).and_then(Digests::new).ok_or_else(|| unreadable(key, "unsigned_sha256"))?;
        let mut all = unsigned;
        for algorithm in [HashAlgorithm::Sha384, HashAlgorithm::Sha512] {
            if let Some(text) = row.next::<Option<String>>()? {
                all = all.with(Digest::from_hex(algorithm, &text).ok_or_else(|| unreadable(key, "unsigned digest"))?);
            }
        }
        Ok(Self {
            key,
            identity,
            received,
            unsigned: all,
            size: row.next_u64()?,
            incoming: row.next()?,
            pin: row.next()?,
            arrival: row.next()?,
            visible: row.next()?,
            holds_identity: row.next()?,
            signed_by: row.next()?,
            requested_by: row.next()?,
            created: row.next_time()?,
        })
    }
}

/// The columns of a signature in short, in the order [`SignatureSummary::read`] takes them; the table is called `s` and may be
/// joined from the left.
macro_rules! signature_columns {
    () => {
        "s.fingerprint, s.p7s_sha256, s.signed_size_bytes, s.signed_blob, s.created_at"
    };
}
pub(crate) use signature_columns;

impl SignatureSummary {
    pub(crate) fn read(row: &mut Columns<'_>) -> Result<Option<Self>, Error> {
        let (fingerprint, digest) = (row.next::<Option<String>>()?, row.next::<Option<String>>()?);
        let (size, signed, created) = (row.next::<Option<i64>>()?, row.next::<Option<String>>()?, row.next::<Option<i64>>()?);
        let (Some(fingerprint), Some(digest), Some(size), Some(created)) = (fingerprint, digest, size, created) else {
            return Ok(None);
        };
        let p7s_sha256 = sha256(&digest).ok_or_else(|| Error::new(ErrorKind::Internal, "reading signatures.p7s_sha256"))?;
        let created = crate::sql::time_of(created)?;
        Ok(Some(Self { fingerprint, p7s_sha256, size: u64::try_from(size).unwrap_or_default(), signed, created }))
    }
}

/// A package with its job and signature, up to the `WHERE`. The first column is the database's clock.
macro_rules! select_view {
    () => {
        concat!(
            "SELECT ",
            $crate::sql::now!(),
            ", ",
            $crate::records::package_columns!(),
            ", ",
            $crate::jobs::job_columns!(),
            ", ",
            $crate::records::signature_columns!(),
            " FROM packages p JOIN jobs j ON j.package_key = p.id LEFT JOIN signatures s ON s.package_key = p.id "
        )
    };
}
pub(crate) use select_view;

impl PackageView {
    pub(crate) fn read(row: &sea_orm::QueryResult) -> Result<Self, Error> {
        let mut columns = Columns::of(row);
        let now = columns.next()?;
        Ok(Self {
            package: PackageRecord::read(&mut columns)?,
            job: JobRecord::read(&mut columns, now)?,
            signature: SignatureSummary::read(&mut columns)?,
        })
    }
}

pub(crate) fn sha256(hex: &str) -> Option<Digest> {
    Digest::from_hex(HashAlgorithm::Sha256, hex)
}

fn unreadable(key: PackageKey, column: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("reading {column} of package row {key}"))
}
