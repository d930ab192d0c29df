//! How a process starts and stops: stores, listeners, roles, the `ready` line, signals, and everything joined at the end.

use crate::config::{Listener, Settings};
use crate::roles;
use crate::system_clock::SystemClock;
use anyhow::{Context as _, Result};
use axum::Router;
use axum::routing::get;
use database::{Database, DatabaseConfig};
use model::Clock;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use storage::{BlobStore, SpoolConfig, StorageConfig};
use telemetry::Metrics;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use web::{Server, ServerConfig, TlsFiles};

/// How long answers and jobs in hand may go on after the signal.
const GRACE: Duration = Duration::from_secs(20);
/// What an answer takes beside its wait for a signature, at most, before its first byte.
const IDLE_MARGIN: Duration = Duration::from_secs(60);

/// Runs all roles until a signal, and ends in good order.
pub(crate) async fn serve(settings: Settings) -> Result<()> {
    for key in &settings.ignored {
        tracing::warn!(key, "this key changes nothing here");
    }
    let metrics = Metrics::install(env!("CARGO_PKG_VERSION"))?;
    make_folder(&settings.data)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let database = open_database(&settings.stores.database).await?;
    let store = BlobStore::open(StorageConfig {
        path: settings.stores.blobs.clone(),
        spool: SpoolConfig {
            folder: settings.stores.spool.clone(),
            max_package_bytes: settings.limits.package_bytes,
            max_total_bytes: settings.limits.spool_bytes,
            max_uploads: settings.limits.concurrent_pushes,
        },
    })
    .await
    .with_context(|| format!("the package store {} cannot be opened", settings.stores.blobs.display()))?;

    let http = Server::bind(server_config(&settings.listeners.http, &settings)).await?;
    let grpc = Server::bind(server_config(&settings.listeners.grpc, &settings)).await?;
    let telemetry_listener = Listener { listen: settings.listeners.telemetry.listen, tls: None };
    let telemetry = Server::bind(server_config(&telemetry_listener, &settings)).await?;

    let public = roles::Public::new(&settings, &http);
    let only = OnlyProcess::claim(&settings.stores.database)?;
    let parts = roles::Parts {
        settings: &settings,
        database: &database,
        store: &store,
        clock: &clock,
        public: &public,
        name: if only.is_some() { "serve".to_owned() } else { format!("serve-{}", std::process::id()) },
        only_process: only.is_some(),
    };
    let stop = CancellationToken::new();
    let composed = parts.compose(&stop).await?;

    let ready = format!(
        "ready http={} grpc={} data={} metrics={}",
        address(&http),
        address(&grpc),
        std::path::absolute(&settings.data)?.display(),
        address(&telemetry),
    );
    // Before anybody is told that we are up: a signal that comes right then must end us in good order.
    let signals = Signals::listen()?;
    let mut running = JoinSet::new();
    let health = composed.health.router();
    running.spawn(http.serve(web::around(composed.http.merge(health.clone())).fallback(web::route_not_found), stop.clone()));
    running.spawn(grpc.serve(web::observed(composed.grpc), stop.clone()));
    running.spawn(telemetry.serve(metrics_router(metrics).merge(health), stop.clone()));
    running.spawn(composed.mirror);
    if let Some(worker) = composed.worker {
        running.spawn(worker);
    }
    announce(&ready)?;

    signals.wait(&mut running).await?;
    stop.cancel();
    let ended = tokio::time::timeout(GRACE + Duration::from_secs(5), async { while running.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!("some work did not end in time; its leases will run out");
    }
    database.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Says that no other process serves a database; gone with the process however it ends. What an earlier life of ours was working
/// on can then be taken up at once, instead of when its leases run out.
#[derive(Debug)]
struct OnlyProcess {
    _lock: File,
}

impl OnlyProcess {
    /// The lock lies beside the database, which two processes may share though their data folders are apart.
    fn claim(database: &Path) -> Result<Option<Self>> {
        let mut path = database.as_os_str().to_owned();
        path.push(".serve-lock");
        let lock = private_file(Path::new(&path))?;
        Ok(lock.try_lock().is_ok().then_some(Self { _lock: lock }))
    }
}

/// SIGTERM and SIGINT.
#[derive(Debug)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From here on neither ends the process by itself.
    fn listen() -> Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for either, or for a role that ended by itself, which is an error.
    async fn wait(mut self, running: &mut JoinSet<()>) -> Result<()> {
        tokio::select! {
            _ = self.terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = self.interrupt.recv() => tracing::info!("SIGINT: stopping"),
            ended = running.join_next() => match ended {
                Some(Err(error)) => return Err(error).context("a part of the service ended by itself"),
                _ => anyhow::bail!("a part of the service ended by itself"),
            },
        }
        Ok(())
    }
}

/// The one line that scripts wait for. Standard output holds nothing else.
fn announce(ready: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{ready}").and_then(|()| out.flush()).context("the ready line cannot be written")
}

fn address(server: &Server) -> String {
    // With TLS the certificate names a host, and loopback's usual one is `localhost`.
    if server.is_tls() { format!("https://localhost:{}", server.address().port()) } else { format!("http://{}", server.address()) }
}

fn server_config(listener: &Listener, settings: &Settings) -> ServerConfig {
    let usual = ServerConfig::at(listener.listen);
    // Nothing moves on a connection while its request waits for a signature.
    let quiet = settings.feed.push_waits + settings.limits.sign_now_deadline;
    ServerConfig {
        tls: listener.tls.as_ref().map(|tls| TlsFiles { certificate: tls.certificate.clone(), key: tls.key.clone() }),
        max_connections: settings.limits.connections,
        grace: GRACE,
        idle_timeout: usual.idle_timeout.max(quiet + IDLE_MARGIN),
        ..usual
    }
}

async fn open_database(path: &Path) -> Result<Database> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        make_folder(folder)?;
    }
    let failed = || format!("the database {} cannot be opened", path.display());
    // SQLite gives its other files the mode of this one.
    drop(private_file(path).with_context(failed)?);
    let database = Database::connect(&DatabaseConfig::file(path)).await.with_context(failed)?;
    database.migrate().await.with_context(failed)?;
    Ok(database)
}

/// Makes a folder that only we may read, with those above it; one that is there stays as it is.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("the folder {} cannot be made", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    Ok(())
}

/// Opens a file, made (for us alone) when it is not there; one that is there keeps its content and mode.
pub(crate) fn private_file(path: &Path) -> Result<File> {
    let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    opened.with_context(|| format!("{} cannot be made", path.display()))
}

fn metrics_router(metrics: Metrics) -> Router {
    let render = move || {
        let text = metrics.render();
        async move { ([(axum::http::header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text) }
    };
    Router::new().route("/metrics", get(render)).fallback(web::route_not_found)
}
