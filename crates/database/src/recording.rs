//! Recording packages: row, nuspec and job in one transaction; and taking a rejected one out again.

use crate::jobs::{job_of, pend};
use crate::records::package_columns;
use crate::sql::{self, Columns};
use crate::wake::Effect;
use crate::writer::Scope;
use crate::{Database, Error, ErrorKind, JobRecord, PackageKey, PackageRecord};
use model::job::{JobId, JobState, Lane};
use model::{Digest, Digests, HashAlgorithm, PackageIdentity};

/// A package to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPackage {
    /// Id and version as the nuspec spells them.
    pub identity: PackageIdentity,
    /// SHA-256 of the file as it came.
    pub received: Digest,
    /// Digests of the unsigned form.
    pub unsigned: Digests,
    /// Length of the file, in bytes.
    pub size: u64,
    /// Path of its blob.
    pub incoming: String,
    /// The pinned version of that blob.
    pub pin: String,
    /// What signatures it came with, in intake's words.
    pub arrival: String,
    /// The nuspec's bytes as they stand in the package.
    pub nuspec: Vec<u8>,
    /// Whether the feed shows it before it is signed (signing is off).
    pub visible: bool,
    /// Who pushed it.
    pub requested_by: Option<String>,
}

/// What came of recording a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// It is recorded, with a job.
    New(PackageRecord, JobRecord),
    /// These bytes were there already, under this id and version; a job that had failed is pending again.
    Same(PackageRecord, JobRecord),
    /// Other bytes have this id and version.
    Taken(PackageRecord),
}

/// What [`Database::delete_rejected`] left to be cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The blob that the row named.
    pub incoming: String,
    /// Whether another row names that blob too: it must stay then.
    pub still_named: bool,
}

impl Database {
    /// Records a package, its nuspec and its job in one transaction; see [`Inserted`].
    ///
    /// What was rejected under the identity before makes room: an identity shows its last push. Recording the same bytes again
    /// can only add: it makes the package visible where the first push did not, and its job more urgent.
    pub async fn insert_package(&self, package: NewPackage, lane: Lane) -> Result<Inserted, Error> {
        // What nearly always happens (it is new, or it is there and nothing changes) needs no savepoint.
        let first = package.clone();
        let answer = self.write_atomic("recording a package", move |scope| Box::pin(insert_new(scope, first, lane))).await?;
        match answer {
            Some(inserted) => Ok(inserted),
            None => self.write("recording a package again", move |scope| Box::pin(insert(scope, package, lane))).await,
        }
    }

    /// Records another version of the package's blob: one that was restored, say. The caller has read it and found that its
    /// digest is `received`; false when the package was recorded with other bytes, or is gone.
    pub async fn repin(&self, package: PackageKey, received: Digest, pin: &str) -> Result<bool, Error> {
        let pin = pin.to_owned();
        self.write_atomic("pinning a blob again", move |scope| Box::pin(async move { repin(scope, package, received, &pin).await })).await
    }

    /// Deletes the package of a job that was rejected within its push's wait; `None` when there is no such job, or it is not
    /// rejected, or its package is visible.
    pub async fn delete_rejected(&self, job: JobId) -> Result<Option<Deleted>, Error> {
        self.write("deleting a rejected package", move |scope| Box::pin(delete_rejected(scope, job))).await
    }
}

/// Records a package that is new; `None` when its row is there already with the same bytes.
async fn insert_new(scope: &Scope<'_>, package: NewPackage, lane: Lane) -> Result<Option<Inserted>, Error> {
    match holder(scope, &package).await? {
        Some(there) if there.received == package.received => Ok(None),
        Some(there) => Ok(Some(Inserted::Taken(there))),
        None => insert_rows(scope, package, lane).await.map(Some),
    }
}

async fn insert(scope: &Scope<'_>, package: NewPackage, lane: Lane) -> Result<Inserted, Error> {
    match holder(scope, &package).await? {
        Some(there) if there.received == package.received => again(scope, there, &package, lane).await,
        Some(there) => Ok(Inserted::Taken(there)),
        // It was there a moment ago, and was deleted since.
        None => insert_rows(scope, package, lane).await,
    }
}

/// The package that has the identity.
async fn holder(scope: &Scope<'_>, package: &NewPackage) -> Result<Option<PackageRecord>, Error> {
    const SQL: &str = concat!(
        "-- insert_package\nSELECT ",
        package_columns!(),
        " FROM packages p WHERE p.id_lower = $1 AND p.version_lower = $2 AND p.holds_identity"
    );
    let key = [package.identity.id.to_lower().into(), package.identity.version.to_lower().into()];
    let row = sql::row(scope.on, "looking for a package", sql::statement(SQL, key)).await?;
    row.map(|row| PackageRecord::read(&mut Columns::of(&row))).transpose()
}

async fn insert_rows(scope: &Scope<'_>, package: NewPackage, lane: Lane) -> Result<Inserted, Error> {
    let by = |algorithm| package.unsigned.by(algorithm).map(|digest| digest.to_hex());
    let values = [
        package.identity.id.as_str().into(),
        package.identity.version.as_str().into(),
        package.identity.id.to_lower().into(),
        package.identity.version.to_lower().into(),
        package.visible.into(),
        package.received.to_hex().into(),
        package.unsigned.sha256().to_hex().into(),
        by(HashAlgorithm::Sha384).into(),
        by(HashAlgorithm::Sha512).into(),
        sql::size(package.size)?.into(),
        package.incoming.as_str().into(),
        package.pin.as_str().into(),
        package.arrival.as_str().into(),
        package.requested_by.clone().into(),
        scope.now.into(),
        package.nuspec.into(),
        lane.rank().into(),
    ];
    let mut rows = sql::together(scope.on, "inserting a package", sql::statement(INSERT, values)).await?;
    let row = rows.pop().ok_or_else(|| Error::new(ErrorKind::Internal, "inserting a package: no key came back"))?;
    let mut columns = Columns::of(&row);
    let (id, key) = (JobId(columns.next()?), PackageKey(columns.next()?));
    scope.after_commit(Effect::WorkQueued);
    let now = sql::time_of(scope.now)?;
    let record = PackageRecord {
        key,
        identity: package.identity,
        received: package.received,
        unsigned: package.unsigned,
        size: package.size,
        incoming: package.incoming,
        pin: package.pin,
        arrival: package.arrival,
        visible: package.visible,
        holds_identity: true,
        signed_by: None,
        requested_by: package.requested_by,
        created: now,
    };
    let job = JobRecord {
        id,
        package: key,
        state: JobState::Pending,
        lane,
        not_before: now,
        due_in: None,
        attempts: 0,
        leased_until: None,
        worker: None,
        refusal: None,
        created: now,
        updated: now,
    };
    Ok(Inserted::New(record, job))
}

/// $1 to $4 the identity as spelled and as key, $5 visible, $6 received, $7 to $9 digests of the unsigned form, $10 size,
/// $11 blob, $12 its pin, $13 arrival, $14 requested by, $15 now, $16 nuspec, $17 lane.
const INSERT: &str = sql::statements!(
    "insert_package",
    "DELETE FROM packages WHERE id_lower = $3 AND version_lower = $4 AND NOT holds_identity",
    "INSERT INTO packages (package_id, package_version, id_lower, version_lower, holds_identity, visible, received_sha256, \
     unsigned_sha256, unsigned_sha384, unsigned_sha512, size_bytes, incoming_blob, incoming_pin, arrival, requested_by, created_at) \
     VALUES ($1, $2, $3, $4, true, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    "INSERT INTO manifests (package_key, nuspec) \
     SELECT id, $16 FROM packages WHERE id_lower = $3 AND version_lower = $4 AND holds_identity",
    "INSERT INTO jobs (package_key, state, lane, not_before, attempts, created_at, updated_at) \
     SELECT id, 'pending', $17, $15, 0, $15, $15 FROM packages WHERE id_lower = $3 AND version_lower = $4 AND holds_identity \
     RETURNING id, package_key",
);

/// The same bytes were pushed again.
async fn again(scope: &Scope<'_>, mut there: PackageRecord, package: &NewPackage, lane: Lane) -> Result<Inserted, Error> {
    const SHOW: &str = "-- insert_package\nUPDATE packages SET visible = $2 WHERE id = $1";
    const RAISE: &str = "-- insert_package\nUPDATE jobs SET lane = $2, updated_at = $3 WHERE id = $1";
    if package.visible && !there.visible {
        sql::execute(scope.on, "showing a package", sql::statement(SHOW, [there.key.0.into(), true.into()])).await?;
        there.visible = true;
    }
    if package.pin != there.pin && package.incoming == there.incoming {
        // The blob had been lost or restored, and this push made it again: the row goes by the version that is there now.
        repin(scope, there.key, there.received, &package.pin).await?;
        there.pin.clone_from(&package.pin);
    }
    let mut job = job_of(scope, there.key).await?;
    if job.state == JobState::Failed {
        pend(scope, job.id, lane).await?;
        job = job_of(scope, there.key).await?;
    } else if job.state == JobState::Pending && lane < job.lane {
        let values = [job.id.0.into(), lane.rank().into(), scope.now.into()];
        sql::execute(scope.on, "raising a job", sql::statement(RAISE, values)).await?;
        scope.after_commit(Effect::WorkQueued);
        job.lane = lane;
    }
    Ok(Inserted::Same(there, job))
}

/// Whether the package is there, with these bytes.
async fn repin(scope: &Scope<'_>, package: PackageKey, received: Digest, pin: &str) -> Result<bool, Error> {
    const REPIN: &str = "-- repin\nUPDATE packages SET incoming_pin = $3 WHERE id = $1 AND received_sha256 = $2";
    let values = [package.0.into(), received.to_hex().into(), pin.into()];
    Ok(sql::execute(scope.on, "pinning a blob again", sql::statement(REPIN, values)).await? == 1)
}

async fn delete_rejected(scope: &Scope<'_>, job: JobId) -> Result<Option<Deleted>, Error> {
    // Its nuspec, job and kept values go with it.
    const DELETE: &str = "-- delete_rejected\nDELETE FROM packages WHERE NOT visible \
         AND id = (SELECT package_key FROM jobs WHERE id = $1 AND state = 'rejected') RETURNING incoming_blob";
    const NAMED: &str = "-- delete_rejected\nSELECT EXISTS (SELECT 1 FROM packages WHERE incoming_blob = $1)";
    let Some(row) = sql::row(scope.on, "deleting a package", sql::statement(DELETE, [job.0.into()])).await? else {
        return Ok(None);
    };
    let incoming: String = Columns::of(&row).next()?;
    let named = sql::row(scope.on, "looking for a blob's name", sql::statement(NAMED, [incoming.as_str().into()])).await?;
    let still_named = named.map_or(Ok(true), |row| Columns::of(&row).next())?;
    scope.after_commit(Effect::JobChanged(job));
    Ok(Some(Deleted { incoming, still_named }))
}
