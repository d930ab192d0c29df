//! Packages: recording them with their job, and reading them.

use crate::{Database, Error, JobRecord, PackageKey, PackageRecord, PackageView};
use model::job::{JobId, JobState, Lane};
use model::{Digest, Digests, PackageIdentity};

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

/// Which packages to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageFilter {
    /// Only those whose job is in this state.
    pub state: Option<JobState>,
    /// Only those with this id, lower-cased.
    pub id_lower: Option<String>,
    /// Only those after this key.
    pub after: Option<PackageKey>,
    /// At most so many.
    pub limit: u32,
}

impl Database {
    /// Records a package, its nuspec and its job in one transaction; see [`Inserted`].
    pub async fn insert_package(&self, package: NewPackage, lane: Lane) -> Result<Inserted, Error> {
        let _ = (package, lane);
        unimplemented!()
    }

    /// The package with this identity: the one that holds it, else the last that was rejected under it.
    pub async fn find(&self, identity: &PackageIdentity) -> Result<Option<PackageView>, Error> {
        self.find_by_key(&identity.id.to_lower(), &identity.version.to_lower()).await
    }

    /// The same by lower-cased id and lower-cased normalised version.
    pub async fn find_by_key(&self, id_lower: &str, version_lower: &str) -> Result<Option<PackageView>, Error> {
        let _ = (id_lower, version_lower);
        unimplemented!()
    }

    /// The package of this job.
    pub async fn find_by_job(&self, job: JobId) -> Result<Option<PackageView>, Error> {
        let _ = job;
        unimplemented!()
    }

    /// The visible versions of an id (lower-cased), in no particular order.
    pub async fn visible_versions(&self, id_lower: &str) -> Result<Vec<PackageView>, Error> {
        let _ = id_lower;
        unimplemented!()
    }

    /// The nuspec as it stands in the package. `NotFound` when there is no such package.
    pub async fn nuspec(&self, package: PackageKey) -> Result<Vec<u8>, Error> {
        let _ = package;
        unimplemented!()
    }

    /// The nuspecs of the visible versions of an id (lower-cased).
    pub async fn visible_nuspecs(&self, id_lower: &str) -> Result<Vec<(PackageKey, Vec<u8>)>, Error> {
        let _ = id_lower;
        unimplemented!()
    }

    /// Packages for an operator's eyes, by key.
    pub async fn packages(&self, filter: &PackageFilter) -> Result<Vec<PackageView>, Error> {
        let _ = filter;
        unimplemented!()
    }

    /// Deletes the package of a job that was rejected within its push's wait; `None` when there is no such job, or it is not
    /// rejected, or its package is visible.
    pub async fn delete_rejected(&self, job: JobId) -> Result<Option<Deleted>, Error> {
        let _ = job;
        unimplemented!()
    }

    /// Whether any row names the blob at `path`, as received or as signed.
    pub async fn names_blob(&self, path: &str) -> Result<bool, Error> {
        let _ = path;
        unimplemented!()
    }
}
