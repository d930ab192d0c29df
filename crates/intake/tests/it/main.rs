//! Pushes into a real store and a real database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "test code fails by panicking")]

mod answers;
mod corpus;
#[cfg(feature = "failpoints")]
mod crashes;
mod refusals;
mod together;

use bytes::Bytes;
use database::{Database, DatabaseConfig, NewCertificate, Settled};
use futures::stream;
use intake::{Caller, Intake, IntakeConfig, Receipt, SigningMode};
use model::clock::ManualClock;
use model::{HashAlgorithm, NuGetVersion, PackageId, PackageIdentity, Refusal, Splice};
use nuget_signature::plan::UpstreamSignature;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use storage::{BlobStore, SpoolConfig, StorageConfig};
use time::OffsetDateTime;

/// A feed's folder with an intake over it.
struct Feed {
    folder: Arc<tempfile::TempDir>,
    store: BlobStore,
    database: Database,
    intake: Intake,
}

impl Feed {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut IntakeConfig)) -> Self {
        Self::at(Arc::new(tempfile::tempdir().unwrap()), change).await
    }

    async fn at(folder: Arc<tempfile::TempDir>, change: impl FnOnce(&mut IntakeConfig)) -> Self {
        let (store, database) = open(folder.path()).await;
        let mut config = config();
        change(&mut config);
        let clock = Arc::new(ManualClock::at(OffsetDateTime::now_utc()));
        let intake = Intake::new(store.clone(), database.clone(), config, clock);
        Self { folder, store, database, intake }
    }

    async fn push(&self, package: &[u8]) -> Result<Receipt, Refusal> {
        self.push_waiting(package, Duration::ZERO).await
    }

    async fn push_waiting(&self, package: &[u8], wait: Duration) -> Result<Receipt, Refusal> {
        let chunks: Vec<_> = package.chunks(100_000).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
        let caller = Caller { name: Some("somebody".into()), wait: Some(wait) };
        self.intake.receive(stream::iter(chunks), &caller).await
    }

    /// Paths of the blobs as they came.
    async fn blobs(&self) -> Vec<String> {
        self.store.list("incoming").await.unwrap().into_iter().map(|listed| listed.path).collect()
    }

    /// Nothing of a refused push may be left.
    async fn assert_empty(&self) {
        assert_eq!(self.blobs().await, Vec::<String>::new());
        assert_eq!(self.database.packages(&all()).await.unwrap(), []);
        self.assert_spool_empty();
    }

    fn assert_spool_empty(&self) {
        assert_eq!(self.store.spool().used_bytes(), 0);
        let left: Vec<_> = spooled_files(&self.folder.path().join("spool"));
        assert_eq!(left, Vec::<String>::new());
    }

    /// Plays the worker: settles the next job that comes, as rejected or as signed.
    async fn settle_next(&self, refusal: Option<Refusal>) {
        loop {
            let claims = self.database.claim(1, Duration::from_secs(60), "worker").await.unwrap();
            let Some(claim) = claims.into_iter().next() else {
                self.database.wait_for_work(Duration::from_secs(1)).await.unwrap();
                continue;
            };
            match refusal {
                Some(refusal) => self.database.settle_rejected(&claim, &refusal).await.unwrap(),
                None => {
                    let fingerprint = self.announced().await;
                    let settled = Settled { p7s: vec![1; 200], splice: Splice::whole(100), fingerprint, intent: None };
                    self.database.settle_signed(&claim, settled).await.unwrap();
                }
            }
            return;
        }
    }

    async fn announced(&self) -> String {
        let fingerprint = HashAlgorithm::Sha256.digest(b"certificate").to_hex_upper();
        let certificate = NewCertificate {
            fingerprint: fingerprint.clone(),
            subject: "CN=Test".into(),
            issuer: "CN=Test".into(),
            not_before: OffsetDateTime::UNIX_EPOCH,
            not_after: OffsetDateTime::UNIX_EPOCH + time::Duration::days(40_000),
            chain: vec![b"certificate".to_vec()],
        };
        self.database.announce(certificate).await.unwrap();
        fingerprint
    }
}

/// Sign, cut foreign signatures out, wait for nothing.
fn config() -> IntakeConfig {
    IntakeConfig {
        limits: nupkg::Limits::default(),
        upstream: UpstreamSignature::ReSign,
        signing: SigningMode::On,
        algorithm: HashAlgorithm::Sha256,
        push_waits: Duration::ZERO,
        arrives_within: Duration::from_secs(600),
    }
}

/// The store and the migrated database in `folder`.
async fn open(folder: &Path) -> (BlobStore, Database) {
    let spool = SpoolConfig { folder: folder.join("spool"), max_package_bytes: 64 << 20, max_total_bytes: 256 << 20, max_uploads: 64 };
    let store = BlobStore::open(StorageConfig { path: folder.join("blobs"), spool }).await.unwrap();
    let database = Database::connect(&DatabaseConfig::file(&folder.join("feed.db"))).await.unwrap();
    database.migrate().await.unwrap();
    (store, database)
}

fn all() -> database::PackageFilter {
    database::PackageFilter { limit: 1000, ..Default::default() }
}

/// Names of the `.part` files below `folder`.
fn spooled_files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() {
            found.extend(spooled_files(&path));
        } else if path.extension().is_some_and(|e| e == "part") {
            found.push(path.display().to_string());
        }
    }
    found
}

/// A small unsigned package.
fn package(id: &str, version: &str, content: &[u8]) -> Vec<u8> {
    let nuspec = format!(
        "<?xml version=\"1.0\"?><package><metadata><id>{id}</id><version>{version}</version>\
         <authors>me</authors><description>for tests</description></metadata></package>"
    );
    archive(&[("package.nuspec", nuspec.as_bytes()), ("lib/netstandard2.0/a.dll", content)])
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn identity(id: &str, version: &str) -> PackageIdentity {
    PackageIdentity { id: PackageId::parse(id).unwrap(), version: NuGetVersion::parse(version).unwrap() }
}
