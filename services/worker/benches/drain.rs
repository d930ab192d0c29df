//! How fast a queue of small packages drains, as a ratio to the raw key rate in the same run.
//!
//! `cargo bench -p worker --bench drain -- [PACKAGES [BITS]]` prints one JSON object. The queue is filled beforehand through the real intake; the worker
//! then claims, signs, verifies, settles and writes back, everything durable. `raw` is RSA signatures a second of one thread with nothing around them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that cannot go on says so")]

use aws_lc_rs::rsa::{KeyPair, KeySize as AwsKeySize};
use aws_lc_rs::{rand, signature};
use bytes::Bytes;
use database::{Database, DatabaseConfig, JobQueue};
use futures::{StreamExt as _, stream};
use intake::{Caller, Intake, IntakeConfig, SigningMode};
use keys::Password;
use keys::provider::self_signed::{KeySize, SelfSigned, SelfSignedConfig, SubjectParts};
use keys::store::KeyStore;
use model::{Clock, HashAlgorithm};
use nuget_signature::plan::UpstreamSignature;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use storage::{BlobStore, SpoolConfig, StorageConfig};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use worker::{WorkerConfig, WorkerContext};

#[derive(Debug)]
struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "a measurement goes by the machine's clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

fn main() {
    // cargo adds its own word.
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let (packages, bits) = (numbers.first().copied().unwrap_or(2_000), numbers.get(1).copied().unwrap_or(4096));
    let raw = raw_rate(bits);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (pushed, drained, written) = runtime.block_on(drain(packages, bits));
    println!(
        "{}",
        serde_json::json!({
            "packages": packages, "bits": bits, "rawPerSecondAndThread": raw.round(), "pushedPerSecond": pushed.round(), "drainedPerSecond": drained.round(),
            "writtenBackPerSecond": written.round(), "ofTwiceRaw": (drained / (2.0 * raw) * 1000.0).round() / 1000.0,
        })
    );
}

/// RSA signatures a second of one thread.
fn raw_rate(bits: usize) -> f64 {
    let size = match bits {
        2048 => AwsKeySize::Rsa2048,
        3072 => AwsKeySize::Rsa3072,
        _ => AwsKeySize::Rsa4096,
    };
    let (key, random) = (KeyPair::generate(size).unwrap(), rand::SystemRandom::new());
    let mut value = vec![0; key.public_modulus_len()];
    let (begin, mut count) = (Instant::now(), 0.0);
    while begin.elapsed() < Duration::from_secs(2) {
        key.sign(&signature::RSA_PKCS1_SHA256, &random, b"some signed attributes", &mut value).unwrap();
        count += 1.0;
    }
    count / begin.elapsed().as_secs_f64()
}

/// Packages a second: pushed, settled, written back.
async fn drain(packages: usize, bits: usize) -> (f64, f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::connect(&DatabaseConfig::file(&folder.path().join("db.sqlite"))).await.unwrap();
    database.migrate().await.unwrap();
    let spool =
        SpoolConfig { folder: folder.path().join("blobs/.spool"), max_package_bytes: 1 << 30, max_total_bytes: 2 << 30, max_uploads: 64 };
    let store = BlobStore::open(StorageConfig { path: folder.path().join("blobs"), spool }).await.unwrap();
    let config = IntakeConfig {
        limits: nupkg::Limits::default(),
        upstream: UpstreamSignature::ReSign,
        signing: SigningMode::On,
        algorithm: HashAlgorithm::Sha256,
        push_waits: Duration::ZERO,
        arrives_within: Duration::from_secs(600),
    };
    let intake = Intake::new(store.clone(), database.clone(), config, Arc::new(MachineClock));
    let begin = Instant::now();
    stream::iter(0..packages)
        .for_each_concurrent(16, |n| {
            let intake = intake.clone();
            async move {
                let package = Bytes::from(package(n));
                intake.receive(stream::iter([Ok(package)]), &Caller::default()).await.unwrap();
            }
        })
        .await;
    let pushed = rate(packages, begin);

    let keys = SelfSigned::new(
        SelfSignedConfig {
            subject: SubjectParts::default(),
            key_size: KeySize::from_name(&format!("KeySize{bits}")).unwrap(),
            validity_days: 365,
            certificate_path: "bench.pfx".to_owned(),
            hash_algorithm: HashAlgorithm::Sha256,
            password: Password::none(),
        },
        KeyStore::open(folder.path().join("keys")).unwrap(),
    )
    .unwrap();
    let keys: Arc<dyn keys::KeyProvider> = Arc::new(keys);
    keys.current(MachineClock.now()).await.unwrap();
    let stop = CancellationToken::new();
    let context = WorkerContext {
        database: database.clone(),
        store,
        queue: Arc::new(JobQueue::new(database.clone(), Duration::from_secs(30))),
        keys,
        timestamper: None,
        timestamp_roots: Arc::new([]),
        clock: Arc::new(MachineClock),
        config: WorkerConfig::new("bench", "https://feed.example/v3/index.json"),
    };
    let begin = Instant::now();
    let worker = tokio::spawn(worker::run(context, stop.clone()));
    let (mut settled, mut written) = (None, None);
    while written.is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let counts = database.job_counts().await.unwrap();
        assert_eq!((counts.rejected, counts.failed), (0, 0), "every package is signed");
        if counts.pending.iter().all(|lane| lane.1 == 0) {
            settled.get_or_insert(rate(packages, begin));
            if counts.write_backs == 0 {
                written = Some(rate(packages, begin));
            }
        }
    }
    stop.cancel();
    worker.await.unwrap();
    database.close().await;
    (pushed, settled.unwrap(), written.unwrap())
}

#[expect(clippy::cast_precision_loss, reason = "thousands of packages, not quadrillions")]
fn rate(packages: usize, since: Instant) -> f64 {
    packages as f64 / since.elapsed().as_secs_f64()
}

/// A small package: a nuspec and 8 kB that do not compress.
fn package(n: usize) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    let nuspec = format!(
        "<package xmlns=\"http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd\"><metadata><id>Bench.N{n}</id><version>1.0.0</version><authors>bench</authors><description>A package.</description></metadata></package>"
    );
    writer.start_file(format!("Bench.N{n}.nuspec"), options).unwrap();
    writer.write_all(nuspec.as_bytes()).expect("memory takes what is written");
    writer.start_file("lib/data.bin", options).unwrap();
    let mut filling = vec![0; 8_000];
    rand::fill(&mut filling).unwrap();
    writer.write_all(&filling).unwrap();
    writer.finish().unwrap().into_inner()
}
