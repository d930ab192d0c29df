//! A feed with front before it, and a worker's steps to be taken by hand.

use bytes::Bytes;
use database::{Claim, Database, DatabaseConfig, Inserted, NewCertificate, NewPackage, PackageKey, PackageView, Settled};
use front::grpc::{GrpcConfig, GrpcHealth};
use front::{Addresses, ClientTrust, FrontConfig, FrontState, OnFailure, WaitLimits};
use intake::{Intake, IntakeConfig, SigningMode};
use model::clock::ManualClock;
use model::job::{JobId, Lane};
use model::{Digest, Digests, HashAlgorithm, NuGetVersion, PackageId, PackageIdentity, Splice};
use nuget_signature::plan::UpstreamSignature;
use std::sync::Arc;
use std::time::Duration;
use storage::{BlobStore, SpoolConfig, StorageConfig, StorageKey};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio_util::sync::CancellationToken;
use web::{PushKeys, Server, ServerConfig};

pub(crate) struct Feed {
    pub(crate) database: Database,
    pub(crate) store: BlobStore,
    pub(crate) front: FrontState,
    pub(crate) http: String,
    pub(crate) grpc: String,
    pub(crate) health: GrpcHealth,
    client: reqwest::Client,
    stop: CancellationToken,
    pub(crate) folder: TempDir,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(crate) const KEY: &str = "push-key";
/// A fingerprint of no certificate.
pub(crate) const FINGERPRINT: &str = "ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB";

/// An https feed with everything on, as `serve` has it.
pub(crate) fn config() -> FrontConfig {
    FrontConfig {
        addresses: Addresses::new("https://feed.test", "https://feed.test"),
        signing_enabled: true,
        on_failure: OnFailure::Unavailable,
        client_trust: ClientTrust::Unknown,
        sign_wait: Duration::from_secs(30),
        wait_limits: WaitLimits::default(),
        verify_roots: Arc::default(),
        verify_concurrent: 2,
    }
}

impl Feed {
    pub(crate) async fn start(config: FrontConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::connect(&DatabaseConfig::file(&folder.path().join("feed.db"))).await.unwrap();
        database.migrate().await.unwrap();
        let spool =
            SpoolConfig { folder: folder.path().join("spool"), max_package_bytes: 4 << 20, max_total_bytes: 16 << 20, max_uploads: 4 };
        let store = BlobStore::open(StorageConfig { path: folder.path().join("packages"), spool }).await.unwrap();
        let clock = Arc::new(ManualClock::at(OffsetDateTime::now_utc()));
        let intake = IntakeConfig {
            limits: nupkg::Limits::default(),
            upstream: UpstreamSignature::ReSign,
            signing: SigningMode::On,
            algorithm: HashAlgorithm::Sha256,
            push_waits: Duration::ZERO,
            arrives_within: Duration::from_secs(600),
        };
        let intake = Intake::new(store.clone(), database.clone(), intake, clock.clone());
        let front = FrontState::new(config, database.clone(), store.clone(), clock);
        let grpc_config = GrpcConfig { intake, push_keys: PushKeys::new([KEY], false) };
        let (grpc_router, health) = front::grpc::router(front.clone(), grpc_config).await.unwrap();
        let stop = CancellationToken::new();
        let http = listen(web::around(front::http::router(front.clone())), &stop).await;
        let grpc = listen(grpc_router, &stop).await;
        Self { database, store, front, http, grpc, health, client: reqwest::Client::new(), stop, folder }
    }

    /// Stores and records a package as intake would; its bytes need not be a package's for anything that front does.
    pub(crate) async fn add(&self, id: &str, version: &str, bytes: &[u8], lane: Lane) -> PackageView {
        let mut spooling = self.store.spool().begin(&[]).unwrap();
        spooling.write(Bytes::copy_from_slice(bytes)).await.unwrap();
        let spooled = spooling.finish().await.unwrap();
        let received = spooled.digests().sha256();
        let key = StorageKey::Incoming(received);
        let pin = self.store.adopt(&spooled, &key).await.unwrap();
        let package = NewPackage {
            identity: identity(id, version),
            received,
            unsigned: Digests::new(received).unwrap(),
            size: bytes.len() as u64,
            incoming: key.path(),
            pin: pin.pin.as_str().to_owned(),
            arrival: "unsigned".into(),
            nuspec: nuspec(id, version).into_bytes(),
            visible: lane == Lane::Dormant,
            requested_by: None,
        };
        let Inserted::New(package, _) = self.database.insert_package(package, lane).await.unwrap() else { panic!("it is there already") };
        self.view(&package.identity).await
    }

    /// A package that is signed and written back.
    pub(crate) async fn add_signed(&self, id: &str, version: &str, bytes: &[u8]) -> Signed {
        let view = self.add(id, version, bytes, Lane::Upload).await;
        let signed = self.sign(view.job.id, bytes).await;
        self.write_back(&signed).await;
        signed
    }

    pub(crate) async fn view(&self, identity: &PackageIdentity) -> PackageView {
        self.database.find(identity).await.unwrap().unwrap()
    }

    /// The worker's claim on a job.
    pub(crate) async fn claim(&self, job: JobId) -> Claim {
        let mut claims = self.database.claim_jobs(&[job], Duration::from_secs(60), "test").await.unwrap();
        assert_eq!(claims.len(), 1, "the job is due and nobody has it");
        claims.remove(0)
    }

    /// Settles a job: what is served then is the first half of the package, a signature, the other half.
    pub(crate) async fn sign(&self, job: JobId, bytes: &[u8]) -> Signed {
        self.database.announce(stand_in()).await.unwrap();
        let claim = self.claim(job).await;
        let p7s = b"a signature of this package by nobody".to_vec();
        let (size, half) = (bytes.len() as u64, bytes.len() as u64 / 2);
        let mut splice = Splice::new();
        splice.push_blob(0..half);
        splice.push_literal(p7s.clone());
        splice.push_blob(half..size);
        let settled = Settled { p7s: p7s.clone(), splice: splice.clone(), fingerprint: FINGERPRINT.into(), intent: None };
        self.database.settle_signed(&claim, settled).await.unwrap();
        let (first, second) = bytes.split_at(bytes.len() / 2);
        Signed {
            package: claim.package.key,
            incoming: claim.package.incoming,
            pin: storage::Pin::from_text(claim.package.pin),
            key: StorageKey::Signed { unsigned_sha256: claim.package.unsigned.sha256(), p7s_sha256: sha256(&p7s) },
            p7s_sha256: sha256(&p7s),
            splice,
            bytes: [first, &p7s, second].concat(),
        }
    }

    /// Writes the signed blob and names it.
    pub(crate) async fn write_back(&self, signed: &Signed) {
        self.store.write_back(&signed.incoming, &signed.pin, &signed.splice, &signed.key).await.unwrap();
        assert!(self.database.name_signed_blob(signed.package, signed.p7s_sha256, &signed.key.path()).await.unwrap());
    }

    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.http))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(reqwest::Method::GET, path)).await
    }

    pub(crate) async fn get_with(&self, path: &str, name: &str, value: &str) -> Answer {
        Answer::of(self.request(reqwest::Method::GET, path).header(name, value)).await
    }

    pub(crate) async fn document(&self, path: &str) -> serde_json::Value {
        let answer = self.get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{path}");
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Waits until the row of a package is as wanted.
    pub(crate) async fn until(&self, identity: &PackageIdentity, wanted: impl Fn(&PackageView) -> bool) {
        let limit = tokio::time::Instant::now() + Duration::from_secs(30);
        let mut look = tokio::time::interval(Duration::from_millis(5));
        loop {
            look.tick().await;
            let view = self.view(identity).await;
            if wanted(&view) {
                return;
            }
            assert!(tokio::time::Instant::now() < limit, "the row never was as wanted; it is {view:?}");
        }
    }
}

/// A certificate that stands for the one that signed what the tests have signed.
pub(crate) fn stand_in() -> NewCertificate {
    NewCertificate {
        fingerprint: FINGERPRINT.into(),
        subject: "CN=Feed".into(),
        issuer: "CN=Feed".into(),
        not_before: datetime!(2025-01-01 00:00 UTC),
        not_after: datetime!(2026-01-01 00:00 UTC),
        chain: vec![b"the certificate".to_vec()],
    }
}

/// A package that the test has signed.
pub(crate) struct Signed {
    pub(crate) package: PackageKey,
    pub(crate) incoming: String,
    pub(crate) pin: storage::Pin,
    pub(crate) key: StorageKey,
    pub(crate) p7s_sha256: Digest,
    pub(crate) splice: Splice,
    /// The whole signed file.
    pub(crate) bytes: Vec<u8>,
}

/// An answer that is wholly read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and stable code of a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let document: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        (self.status, document["code"].as_str().unwrap().to_owned())
    }
}

pub(crate) fn identity(id: &str, version: &str) -> PackageIdentity {
    PackageIdentity { id: PackageId::parse(id).unwrap(), version: NuGetVersion::parse(version).unwrap() }
}

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    HashAlgorithm::Sha256.digest(bytes)
}

pub(crate) fn nuspec(id: &str, version: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata>
<id>{id}</id><version>{version}</version><authors>Acme</authors><description>For tests.</description><tags>one two</tags>
<dependencies><group targetFramework=".NETStandard2.0"><dependency id="Dep.One" version="1.2.0"/></group><group targetFramework="net10.0"/></dependencies>
</metadata></package>"#
    )
}

async fn listen(router: axum::Router, stop: &CancellationToken) -> String {
    let server = Server::bind(ServerConfig::at("127.0.0.1:0".parse().unwrap())).await.unwrap();
    let address = server.address();
    tokio::spawn(server.serve(router, stop.clone()));
    format!("http://{address}")
}
