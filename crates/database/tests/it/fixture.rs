//! A database in a temporary folder, and packages to put into it.

use database::{
    Claim, Database, DatabaseConfig, Inserted, Intent, IntentId, JobRecord, KeptSignature, NewCertificate, NewPackage, PackageRecord,
    Settled,
};
use model::job::Lane;
use model::{Digests, HashAlgorithm, NuGetVersion, PackageId, PackageIdentity, Splice};
use std::ops::Deref;
use std::time::Duration;
use tempfile::TempDir;
use time::OffsetDateTime;

pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// A migrated database that goes with its folder.
pub(crate) struct Fixture {
    database: Database,
    pub(crate) config: DatabaseConfig,
    _folder: TempDir,
}

impl Deref for Fixture {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let fixture = Self::unmigrated().await;
        fixture.migrate().await.expect("migrates");
        fixture
    }

    pub(crate) async fn unmigrated() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = DatabaseConfig::file(&folder.path().join("a database?.db"));
        let database = Database::connect(&config).await.expect("opens");
        Self { database, config, _folder: folder }
    }

    /// Another process, as far as the database can tell.
    pub(crate) async fn second(&self) -> Database {
        Database::connect(&self.config).await.expect("opens a second time")
    }

    /// Records a package of its own and claims nothing.
    pub(crate) async fn push(&self, id: &str, lane: Lane) -> (PackageRecord, JobRecord) {
        match self.insert_package(package(id, "1.0.0", id.as_bytes()), lane).await.expect("records") {
            Inserted::New(package, job) => (package, job),
            other => panic!("not new: {other:?}"),
        }
    }

    /// Claims one job.
    pub(crate) async fn claim_one(&self) -> Claim {
        self.claim(1, LEASE, "worker").await.expect("claims").pop().expect("a job that is due")
    }

    /// Announces a certificate and gives its fingerprint.
    pub(crate) async fn announced(&self, name: &str) -> String {
        let certificate = certificate(name);
        let fingerprint = certificate.fingerprint.clone();
        self.announce(certificate).await.expect("announces");
        fingerprint
    }

    /// Records a package and signs it.
    pub(crate) async fn signed(&self, id: &str, fingerprint: &str) -> (PackageRecord, JobRecord) {
        let (package, job) = self.push(id, Lane::Interactive).await;
        let claim = self.claim_jobs(&[job.id], LEASE, "worker").await.expect("claims").pop().expect("the job");
        let intent = self.intent(&claim, &intent(fingerprint)).await.expect("an intent");
        self.settle_signed(&claim, settled(&package, fingerprint, Some(intent))).await.expect("settles");
        (package, job)
    }
}

pub(crate) fn identity(id: &str, version: &str) -> PackageIdentity {
    PackageIdentity { id: PackageId::parse(id).expect("an id"), version: NuGetVersion::parse(version).expect("a version") }
}

pub(crate) fn package(id: &str, version: &str, content: &[u8]) -> NewPackage {
    let sha256 = HashAlgorithm::Sha256.digest(content);
    NewPackage {
        identity: identity(id, version),
        received: sha256,
        unsigned: Digests::new(sha256).expect("SHA-256").with(HashAlgorithm::Sha512.digest(content)),
        size: 1000,
        incoming: format!("incoming/{}.nupkg", sha256.to_hex()),
        pin: "17:1000:123".to_owned(),
        arrival: "unsigned".to_owned(),
        nuspec: format!("<package>{id}</package>").into_bytes(),
        visible: false,
        requested_by: Some("somebody".to_owned()),
    }
}

pub(crate) fn certificate(name: &str) -> NewCertificate {
    NewCertificate {
        fingerprint: HashAlgorithm::Sha256.digest(name.as_bytes()).to_hex_upper(),
        subject: format!("CN={name}"),
        issuer: "CN=Root".to_owned(),
        not_before: OffsetDateTime::UNIX_EPOCH,
        not_after: OffsetDateTime::UNIX_EPOCH + time::Duration::days(40_000),
        chain: vec![name.as_bytes().to_vec(), b"root".to_vec()],
    }
}

pub(crate) fn intent(fingerprint: &str) -> Intent {
    Intent { fingerprint: fingerprint.to_owned(), digest: HashAlgorithm::Sha384.digest(b"signed attributes") }
}

pub(crate) fn kept(fingerprint: &str, intent: IntentId) -> KeptSignature {
    KeptSignature {
        fingerprint: fingerprint.to_owned(),
        algorithm: HashAlgorithm::Sha384,
        signing_time: OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(1_700_000_000),
        signed_attributes: b"signed attributes".to_vec(),
        value: vec![7; 512],
        intent,
    }
}

/// A signature of its own for each package.
pub(crate) fn settled(package: &PackageRecord, fingerprint: &str, intent: Option<IntentId>) -> Settled {
    let p7s = [package.received.as_bytes(), &[1; 200]].concat();
    let mut splice = Splice::new();
    splice.push_blob(0..900);
    splice.push_literal(b"PK\x03\x04".as_slice());
    splice.push_literal(p7s.clone());
    splice.push_blob(900..978);
    splice.push_literal(vec![0; 22]);
    Settled { p7s, splice, fingerprint: fingerprint.to_owned(), intent }
}
