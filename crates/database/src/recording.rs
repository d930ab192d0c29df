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
        self.write("recording a package", move |scope| Box::pin(insert(scope, package, lane))).await
    }

    /// Deletes the package of a job that was rejected within its push's wait; `None` when there is no such job, or it is not
    /// rejected, or its package is visible.
    pub async fn delete_rejected(&self, job: JobId) -> Result<Option<Deleted>, Error> {
        self.write("deleting a rejected package", move |scope| Box::pin(delete_rejected(scope, job))).await
    }
}

async fn insert(scope: &Scope, package: NewPackage, lane: Lane) -> Result<Inserted, Error> {
    const HOLDER: &str = concat!(
        "-- insert_package\nSELECT ",
        package_columns!(),
        " FROM packages p WHERE p.id_lower = $1 AND p.version_lower = $2 AND p.holds_identity"
    );
    const CLEAR: &str = "-- insert_package\nDELETE FROM packages WHERE id_lower = $1 AND version_lower = $2 AND NOT holds_identity";
    let (id_lower, version_lower) = (package.identity.id.to_lower(), package.identity.version.to_lower());
    let key = [id_lower.as_str().into(), version_lower.as_str().into()];
    let holder = sql::row(&scope.on, "looking for a package", sql::statement(HOLDER, key.clone())).await?;
    if let Some(row) = holder {
        let there = PackageRecord::read(&mut Columns::of(&row))?;
        return if there.received == package.received { again(scope, there, &package, lane).await } else { Ok(Inserted::Taken(there)) };
    }
    sql::execute(&scope.on, "clearing rejected packages", sql::statement(CLEAR, key)).await?;
    let key = insert_rows(scope, &package, id_lower, version_lower).await?;
    let job = insert_job(scope, key, lane).await?;
    scope.after_commit(Effect::WorkQueued);
    let NewPackage { identity, received, unsigned, size, incoming, pin, arrival, visible, requested_by, nuspec: _ } = package;
    let created = sql::time_of(scope.now)?;
    let (holds_identity, signed_by) = (true, None);
    let record = PackageRecord {
        key,
        identity,
        received,
        unsigned,
        size,
        incoming,
        pin,
        arrival,
        visible,
        holds_identity,
        signed_by,
        requested_by,
        created,
    };
    Ok(Inserted::New(record, job))
}

async fn insert_rows(scope: &Scope, package: &NewPackage, id_lower: String, version_lower: String) -> Result<PackageKey, Error> {
    const PACKAGE: &str = "-- insert_package\nINSERT INTO packages (package_id, package_version, id_lower, version_lower, holds_identity, \
         visible, received_sha256, unsigned_sha256, unsigned_sha384, unsigned_sha512, size_bytes, incoming_blob, incoming_pin, arrival, \
         requested_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING id";
    const MANIFEST: &str = "-- insert_package\nINSERT INTO manifests (package_key, nuspec) VALUES ($1, $2)";
    let by = |algorithm| package.unsigned.by(algorithm).map(|digest| digest.to_hex());
    let values = [
        package.identity.id.as_str().into(),
        package.identity.version.as_str().into(),
        id_lower.into(),
        version_lower.into(),
        true.into(),
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
    ];
    let key = PackageKey(inserted(scope, "inserting a package", sql::statement(PACKAGE, values)).await?);
    let values = [key.0.into(), package.nuspec.as_slice().into()];
    sql::execute(&scope.on, "inserting a nuspec", sql::statement(MANIFEST, values)).await?;
    Ok(key)
}

async fn insert_job(scope: &Scope, package: PackageKey, lane: Lane) -> Result<JobRecord, Error> {
    const SQL: &str = "-- insert_package\nINSERT INTO jobs (package_key, state, lane, not_before, attempts, created_at, updated_at) \
         VALUES ($1, 'pending', $2, $3, 0, $3, $3) RETURNING id";
    let values = [package.0.into(), lane.rank().into(), scope.now.into()];
    let id = JobId(inserted(scope, "inserting a job", sql::statement(SQL, values)).await?);
    let now = sql::time_of(scope.now)?;
    Ok(JobRecord {
        id,
        package,
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
    })
}

async fn inserted(scope: &Scope, context: &'static str, statement: sea_orm::Statement) -> Result<i64, Error> {
    let row = sql::row(&scope.on, context, statement).await?;
    let row = row.ok_or_else(|| Error::new(ErrorKind::Internal, format!("{context}: no key came back")))?;
    Columns::of(&row).next()
}

/// The same bytes were pushed again.
async fn again(scope: &Scope, mut there: PackageRecord, package: &NewPackage, lane: Lane) -> Result<Inserted, Error> {
    const SHOW: &str = "-- insert_package\nUPDATE packages SET visible = $2 WHERE id = $1";
    const RAISE: &str = "-- insert_package\nUPDATE jobs SET lane = $2, updated_at = $3 WHERE id = $1";
    if package.visible && !there.visible {
        sql::execute(&scope.on, "showing a package", sql::statement(SHOW, [there.key.0.into(), true.into()])).await?;
        there.visible = true;
    }
    let mut job = job_of(scope, there.key).await?;
    if job.state == JobState::Failed {
        pend(scope, job.id, lane).await?;
        job = job_of(scope, there.key).await?;
    } else if job.state == JobState::Pending && lane < job.lane {
        let values = [job.id.0.into(), lane.rank().into(), scope.now.into()];
        sql::execute(&scope.on, "raising a job", sql::statement(RAISE, values)).await?;
        scope.after_commit(Effect::WorkQueued);
        job.lane = lane;
    }
    Ok(Inserted::Same(there, job))
}

async fn delete_rejected(scope: &Scope, job: JobId) -> Result<Option<Deleted>, Error> {
    // Its nuspec, job and kept values go with it.
    const DELETE: &str = "-- delete_rejected\nDELETE FROM packages WHERE NOT visible \
         AND id = (SELECT package_key FROM jobs WHERE id = $1 AND state = 'rejected') RETURNING incoming_blob";
    const NAMED: &str = "-- delete_rejected\nSELECT EXISTS (SELECT 1 FROM packages WHERE incoming_blob = $1)";
    let Some(row) = sql::row(&scope.on, "deleting a package", sql::statement(DELETE, [job.0.into()])).await? else {
        return Ok(None);
    };
    let incoming: String = Columns::of(&row).next()?;
    let named = sql::row(&scope.on, "looking for a blob's name", sql::statement(NAMED, [incoming.as_str().into()])).await?;
    let still_named = named.map_or(Ok(true), |row| Columns::of(&row).next())?;
    scope.after_commit(Effect::JobChanged(job));
    Ok(Some(Deleted { incoming, still_named }))
}
