//! Pushes over real HTTP into a real intake.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "test code fails by panicking")]

mod early;
mod memory;
mod pushes;

use database::{Database, DatabaseConfig, PackageFilter};
use ingest::IngestState;
use intake::{Intake, IntakeConfig, SigningMode};
use model::HashAlgorithm;
use model::clock::ManualClock;
use nuget_signature::plan::UpstreamSignature;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use storage::{BlobStore, SpoolConfig, StorageConfig};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use web::{PushKeys, Server, ServerConfig};

const KEY: &str = "bar";

/// A running ingest.
struct Ingest {
    address: SocketAddr,
    store: BlobStore,
    database: Database,
    _folder: tempfile::TempDir,
}

impl Ingest {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut SpoolConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut spool =
            SpoolConfig { folder: folder.path().join("spool"), max_package_bytes: 4 << 20, max_total_bytes: 64 << 20, max_uploads: 16 };
        change(&mut spool);
        let store = BlobStore::open(StorageConfig { path: folder.path().join("blobs"), spool }).await.unwrap();
        let database = Database::connect(&DatabaseConfig::file(&folder.path().join("feed.db"))).await.unwrap();
        database.migrate().await.unwrap();
        let config = IntakeConfig {
            limits: nupkg::Limits::default(),
            upstream: UpstreamSignature::ReSign,
            signing: SigningMode::On,
            algorithm: HashAlgorithm::Sha256,
            push_waits: Duration::ZERO,
            arrives_within: Duration::from_secs(600),
        };
        let intake = Intake::new(store.clone(), database.clone(), config, Arc::new(ManualClock::at(OffsetDateTime::UNIX_EPOCH)));
        let state = IngestState { intake, keys: Arc::new(PushKeys::new([KEY], false)), drain_bytes: 64 << 20 };
        let server = Server::bind(ServerConfig::at("127.0.0.1:0".parse().unwrap())).await.unwrap();
        let address = server.address();
        tokio::spawn(server.serve(web::around(ingest::router(state)), CancellationToken::new()));
        Self { address, store, database, _folder: folder }
    }

    fn url(&self) -> String {
        format!("http://{}/api/v2/package", self.address)
    }

    async fn push_raw(&self, bytes: Vec<u8>) -> reqwest::Response {
        reqwest::Client::new().put(self.url()).header("X-NuGet-ApiKey", KEY).body(bytes).send().await.unwrap()
    }

    async fn packages(&self) -> usize {
        self.database.packages(&PackageFilter { limit: 1000, ..Default::default() }).await.unwrap().len()
    }

    /// Sends all of `request` before it reads anything, as NuGet's client does; answers with the head of the answer.
    async fn exchange(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }
}

/// A small unsigned package.
fn package(id: &str, content: &[u8]) -> Vec<u8> {
    let nuspec = format!(
        "<package><metadata><id>{id}</id><version>1.0.0</version><authors>me</authors><description>d</description></metadata></package>"
    );
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in [("package.nuspec", nuspec.as_bytes()), ("lib/netstandard2.0/a.dll", content)] {
        writer.start_file(name, stored).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The body of `dotnet nuget push`.
fn form(package: &[u8]) -> Vec<u8> {
    let head = "--e1a2\r\nContent-Type: application/octet-stream\r\nContent-Disposition: form-data; name=package; filename=package.nupkg; filename*=utf-8''package.nupkg\r\n\r\n";
    [head.as_bytes(), package, b"\r\n--e1a2--\r\n"].concat()
}
