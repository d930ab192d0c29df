//! Kept signatures: their bytes and plans, the names of their blobs, and the write-backs still to do.

use crate::{Database, Error, PackageKey, PackageRecord};
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
        let _ = package;
        unimplemented!()
    }

    /// Names the blob that holds the signed file with the signature of this digest. False when the package has another
    /// signature by now (or none): the blob is an orphan then.
    pub async fn name_signed_blob(&self, package: PackageKey, p7s_sha256: Digest, path: &str) -> Result<bool, Error> {
        let _ = (package, p7s_sha256, path);
        unimplemented!()
    }

    /// The signed blob at `path` is missing: forgets its name and has it written again.
    pub async fn forget_signed_blob(&self, package: PackageKey, path: &str) -> Result<(), Error> {
        let _ = (package, path);
        unimplemented!()
    }

    /// Claims up to `max` signed files that nobody writes now, for `lease`.
    pub async fn claim_write_backs(&self, max: u32, lease: Duration, worker: &str) -> Result<Vec<WriteBack>, Error> {
        let _ = (max, lease, worker);
        unimplemented!()
    }

    /// A write-back failed: nobody tries again before `delay` has passed.
    pub async fn postpone_write_back(&self, package: PackageKey, delay: Duration) -> Result<(), Error> {
        let _ = (package, delay);
        unimplemented!()
    }
}
