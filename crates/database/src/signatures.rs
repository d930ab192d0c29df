//! Kept signatures: their bytes and plans, the names of their blobs, and the write-backs still to do.

use crate::records::{package_columns, sha256};
use crate::sql::{self, Columns};
use crate::wake::Effect;
use crate::{Database, Error, ErrorKind, PackageKey, PackageRecord, splice_codec};
use model::{Digest, Splice};
use std::time::Duration;

/// A signed file that is to be written.
#[derive(Debug, Clone)]
pub struct WriteBack {
    /// The package.
    pub package: PackageRecord,
    /// The `.signature.p7s` bytes.
    pub p7s: Vec<u8>,
    /// Their SHA-256.
    pub p7s_sha256: Digest,
    /// The plan of the signed file over the incoming blob.
    pub splice: Splice,
    /// Length of the signed file, in bytes.
    pub size: u64,
}

impl Database {
    /// A package's kept signature: the `.signature.p7s` bytes and the plan of the signed file.
    pub async fn signature_full(&self, package: PackageKey) -> Result<Option<(Vec<u8>, Splice)>, Error> {
        const SQL: &str = "-- signature_full\nSELECT p7s, plan FROM signatures WHERE package_key = $1";
        let row = sql::row(self.reader(), "reading a signature", sql::statement(SQL, [package.0.into()])).await?;
        let Some(row) = row else { return Ok(None) };
        let mut columns = Columns::of(&row);
        let (p7s, plan): (Vec<u8>, Vec<u8>) = (columns.next()?, columns.next()?);
        let splice = splice_codec::decode(&plan, &p7s)?;
        Ok(Some((p7s, splice)))
    }

    /// Names the blob that holds the signed file with the signature of this digest. False when the package has another
    /// signature by now (or none): the blob is an orphan then.
    pub async fn name_signed_blob(&self, package: PackageKey, p7s_sha256: Digest, path: &str) -> Result<bool, Error> {
        const SQL: &str = "-- name_signed_blob\nUPDATE signatures SET signed_blob = $1, write_back_worker = NULL \
             WHERE package_key = $2 AND p7s_sha256 = $3";
        let path = path.to_owned();
        self.write_atomic("naming a signed blob", move |scope| {
            Box::pin(async move {
                let values = [path.into(), package.0.into(), p7s_sha256.to_hex().into()];
                Ok(sql::execute(scope.on, "naming a signed blob", sql::statement(SQL, values)).await? == 1)
            })
        })
        .await
    }

    /// The signed blob at `path` is missing: forgets its name and has it written again.
    pub async fn forget_signed_blob(&self, package: PackageKey, path: &str) -> Result<(), Error> {
        const SQL: &str = "-- forget_signed_blob\nUPDATE signatures SET signed_blob = NULL, write_back_after = $1, write_back_worker = NULL \
             WHERE package_key = $2 AND signed_blob = $3";
        let path = path.to_owned();
        self.write_atomic("forgetting a signed blob", move |scope| {
            Box::pin(async move {
                let values = [scope.now.into(), package.0.into(), path.into()];
                sql::execute(scope.on, "forgetting a signed blob", sql::statement(SQL, values)).await?;
                scope.after_commit(Effect::WriteBackQueued);
                Ok(())
            })
        })
        .await
    }

    /// Claims up to `max` signed files that nobody writes now, for `lease`.
    pub async fn claim_write_backs(&self, max: u32, lease: Duration, worker: &str) -> Result<Vec<WriteBack>, Error> {
        const CLAIM: &str = "-- claim_write_backs\nUPDATE signatures SET write_back_after = $1, write_back_worker = $2 \
             WHERE package_key IN (SELECT package_key FROM signatures WHERE signed_blob IS NULL AND write_back_after <= $3 \
             ORDER BY write_back_after LIMIT $4) RETURNING package_key";
        const READ: &str = concat!(
            "-- claim_write_backs\nSELECT s.p7s, s.p7s_sha256, s.plan, s.signed_size_bytes, ",
            package_columns!(),
            " FROM signatures s JOIN packages p ON p.id = s.package_key WHERE s.package_key = $1"
        );
        let worker = worker.to_owned();
        self.write("claiming write-backs", move |scope| {
            Box::pin(async move {
                let until = scope.now.saturating_add(sql::millis(lease));
                let values = [until.into(), worker.into(), scope.now.into(), max.into()];
                let claimed = sql::rows(scope.on, "claiming write-backs", sql::statement(CLAIM, values)).await?;
                let mut write_backs = Vec::with_capacity(claimed.len());
                for row in &claimed {
                    let key: i64 = Columns::of(row).next()?;
                    let row = sql::row(scope.on, "reading a write-back", sql::statement(READ, [key.into()])).await?;
                    write_backs.extend(row.as_ref().map(WriteBack::read).transpose()?);
                }
                Ok(write_backs)
            })
        })
        .await
    }

    /// A write-back failed: nobody tries again before `delay` has passed.
    pub async fn postpone_write_back(&self, package: PackageKey, delay: Duration) -> Result<(), Error> {
        const SQL: &str = "-- postpone_write_back\nUPDATE signatures SET write_back_after = $1, write_back_worker = NULL \
             WHERE package_key = $2 AND signed_blob IS NULL";
        self.write_atomic("putting a write-back off", move |scope| {
            Box::pin(async move {
                let until = scope.now.saturating_add(sql::millis(delay));
                sql::execute(scope.on, "putting a write-back off", sql::statement(SQL, [until.into(), package.0.into()])).await?;
                scope.after_commit(Effect::WriteBackQueued);
                Ok(())
            })
        })
        .await
    }
}

impl WriteBack {
    fn read(row: &sea_orm::QueryResult) -> Result<Self, Error> {
        let mut columns = Columns::of(row);
        let p7s: Vec<u8> = columns.next()?;
        let digest: String = columns.next()?;
        let p7s_sha256 = sha256(&digest).ok_or_else(|| Error::new(ErrorKind::Internal, "reading signatures.p7s_sha256"))?;
        let splice = splice_codec::decode(&columns.next::<Vec<u8>>()?, &p7s)?;
        let size = columns.next_u64()?;
        Ok(Self { package: PackageRecord::read(&mut columns)?, p7s, p7s_sha256, splice, size })
    }
}
