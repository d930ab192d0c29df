//! A feed's back room: database, blobs, intake, and workers that a test starts and stops.

use async_trait::async_trait;
use bytes::Bytes;
use certificates::{Certificate, pem};
use database::{Database, DatabaseConfig, JobQueue, PackageView};
use futures::{StreamExt as _, stream};
use intake::{Caller, Intake, IntakeConfig, Receipt, SigningMode};
use keys::provider::stored_certificate::{Source, StoredCertificate, StoredCertificateConfig};
use keys::store::KeyStore;
use keys::wrap::counting::{Count, Counting};
use keys::{KeyProvider, Password};
use model::{Clock, HashAlgorithm, PackageIdentity, Refusal};
use nuget_signature::plan::UpstreamSignature;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use storage::{BlobStore, SpoolConfig, StorageConfig};
use tempfile::TempDir;
use time::OffsetDateTime;
use timestamp::Timestamper;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::{WorkerConfig, WorkerContext};

pub(crate) const SERVICE_INDEX: &str = "https://feed.example/v3/index.json";

/// The machine's clock: outside judges and authorities have no other.
#[derive(Debug)]
pub(crate) struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "outside judges and authorities have no other clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// Stores, intake and a counted key.
pub(crate) struct Feed {
    pub(crate) folder: PathBuf,
    /// Removed with the feed, unless somebody else's.
    _temporary: Option<TempDir>,
    pub(crate) shared: PathBuf,
    pub(crate) database: Database,
    pub(crate) store: BlobStore,
    pub(crate) keys: Arc<dyn KeyProvider>,
    pub(crate) count: Arc<Count>,
    pub(crate) timestamper: Option<Arc<dyn Timestamper>>,
    pub(crate) config: WorkerConfig,
    intake: Intake,
}

/// A worker that runs.
pub(crate) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    /// Stops it, and waits for its end.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

impl Feed {
    /// `None` (with the reason printed) when there is no shared material.
    pub(crate) async fn open() -> Option<Self> {
        Self::with_policy(UpstreamSignature::ReSign).await
    }

    pub(crate) async fn with_policy(upstream: UpstreamSignature) -> Option<Self> {
        let temporary = tempfile::tempdir().unwrap();
        let feed = Self::within(temporary.path(), upstream).await?;
        Some(Self { _temporary: Some(temporary), ..feed })
    }

    /// In a folder that outlives it.
    pub(crate) async fn within(folder: &Path, upstream: UpstreamSignature) -> Option<Self> {
        let shared = testkit::shared()?;
        let folder = folder.to_owned();
        let database = Database::connect(&DatabaseConfig::file(&folder.join("db.sqlite"))).await.unwrap();
        database.migrate().await.unwrap();
        let spool = SpoolConfig { folder: folder.join("spool"), max_package_bytes: 1 << 30, max_total_bytes: 2 << 30, max_uploads: 64 };
        let store = BlobStore::open(StorageConfig { path: folder.join("blobs"), spool }).await.unwrap();
        let intake_config = IntakeConfig {
            limits: nupkg::Limits::default(),
            // What policy refuses is to reach the worker here.
            upstream: UpstreamSignature::ReSign,
            signing: SigningMode::On,
            algorithm: HashAlgorithm::Sha256,
            push_waits: Duration::ZERO,
            arrives_within: Duration::from_secs(600),
        };
        let intake = Intake::new(store.clone(), database.clone(), intake_config, Arc::new(MachineClock));
        let counting = Counting::new(stored(&shared, "repository.pfx", &folder.join("keys")));
        let count = counting.count();
        let config = WorkerConfig { upstream, ..WorkerConfig::new("tester", SERVICE_INDEX) };
        Some(Self { folder, _temporary: None, shared, database, store, keys: Arc::new(counting), count, timestamper: None, config, intake })
    }

    pub(crate) fn roots(&self) -> Vec<Certificate> {
        let text = std::fs::read_to_string(self.shared.join("corpus/pki/root.pem")).unwrap();
        pem::parse_all(&text).into_iter().map(|der| Certificate::parse(der).unwrap()).collect()
    }

    pub(crate) async fn push(&self, package: &Path) -> Result<Receipt, Refusal> {
        self.push_bytes(std::fs::read(package).unwrap()).await
    }

    pub(crate) async fn push_bytes(&self, bytes: Vec<u8>) -> Result<Receipt, Refusal> {
        self.intake.receive(stream::iter([Ok(Bytes::from(bytes))]), &Caller::default()).await
    }

    pub(crate) fn context(&self) -> WorkerContext {
        WorkerContext {
            database: self.database.clone(),
            store: self.store.clone(),
            queue: Arc::new(JobQueue::new(self.database.clone(), Duration::from_secs(30))),
            keys: Arc::clone(&self.keys),
            timestamper: self.timestamper.clone(),
            timestamp_roots: self.roots().into(),
            clock: Arc::new(MachineClock),
            config: self.config.clone(),
        }
    }

    pub(crate) fn start(&self) -> Running {
        let stop = CancellationToken::new();
        Running { task: tokio::spawn(worker::run(self.context(), stop.clone())), stop }
    }

    /// Waits until `reached` says so of the package, and gives it.
    pub(crate) async fn until(&self, identity: &PackageIdentity, what: &str, reached: impl Fn(&PackageView) -> bool) -> PackageView {
        let mut last = None;
        for _ in 0..1200 {
            let view = self.database.find(identity).await.unwrap().expect("the package is recorded");
            if reached(&view) {
                return view;
            }
            last = Some(view);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{what} was not reached; the last state: {last:#?}")
    }

    /// Waits until the signed file is written, and gives its path on the disk.
    pub(crate) async fn signed_file(&self, identity: &PackageIdentity) -> PathBuf {
        let view = self.until(identity, "the signed blob", |view| view.signature.as_ref().is_some_and(|s| s.signed.is_some())).await;
        self.folder.join("blobs").join(view.signature.unwrap().signed.unwrap())
    }

    /// The bytes that a download of the kept splice would give.
    pub(crate) async fn spliced(&self, view: &PackageView) -> Vec<u8> {
        let (_, splice) = self.database.signature_full(view.package.key).await.unwrap().unwrap();
        let pin = storage::Pin::from_text(&view.package.pin);
        let mut stream = self.store.stream_splice(&view.package.incoming, &pin, splice).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.chunks.next().await {
            bytes.extend_from_slice(&chunk.unwrap());
        }
        bytes
    }

    /// NuGet's verdict in `require` mode with our certificate trusted.
    pub(crate) fn judge(&self, files: &[PathBuf]) -> Vec<serde_json::Value> {
        let fingerprint = self.fingerprint("repository");
        let trusted = format!("{fingerprint},untrusted-root");
        let root = self.shared.join("corpus/pki/root.pem");
        let words = ["verify", "--root", root.to_str().unwrap(), "--mode", "require", "--trusted-repository", &trusted];
        testkit::judge(&words, files).unwrap()
    }

    pub(crate) fn fingerprint(&self, name: &str) -> String {
        let lines = std::fs::read_to_string(self.shared.join("corpus/pki/fingerprints.txt")).unwrap();
        let line = lines.lines().find(|l| l.ends_with(&format!(" {name}"))).unwrap_or_else(|| panic!("no certificate {name}"));
        line.split(' ').next().unwrap().to_owned()
    }
}

pub(crate) fn stored(shared: &Path, file: &str, keys: &Path) -> Arc<dyn KeyProvider> {
    let config = StoredCertificateConfig {
        source: Source::File(shared.join("corpus/pki").join(file)),
        password: Password::new("test"),
        hash_algorithm: HashAlgorithm::Sha256,
        known_certificates: Vec::new(),
    };
    Arc::new(StoredCertificate::open(config, KeyStore::open(keys).unwrap(), MachineClock.now()).unwrap())
}

/// A provider that can be exchanged while a worker runs.
#[derive(Debug)]
pub(crate) struct Exchangeable(pub(crate) std::sync::Mutex<Arc<dyn KeyProvider>>);

#[async_trait]
impl KeyProvider for Exchangeable {
    async fn current(&self, now: OffsetDateTime) -> Result<keys::Identity, keys::Error> {
        let inner = Arc::clone(&self.0.lock().unwrap());
        inner.current(now).await
    }
}
