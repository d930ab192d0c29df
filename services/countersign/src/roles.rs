//! Builds the real parts and hands them to the roles: the one place that names a concrete provider.

use crate::config::{OnFailure, Settings};
use crate::readiness::{self, Watched};
use crate::{credentials, trust};
use anyhow::Result;
use axum::Router;
use database::{Database, JobQueue};
use front::{Addresses, ClientTrust, FrontConfig, FrontState, WaitLimits};
use futures::future::BoxFuture;
use intake::{Intake, IntakeConfig, SigningMode};
use model::Clock;
use nuget_signature::plan::UpstreamSignature;
use std::sync::Arc;
use std::time::Duration;
use storage::BlobStore;
use timestamp::{Breaker, BreakerConfig, HttpConfig, HttpTimestamper, Timestamper};
use tokio_util::sync::CancellationToken;
use verification::TrustRoots;
use web::{Health, PushKeys, Server};
use worker::{Rehash, WorkerConfig, WorkerContext};

/// How clients reach this feed, worked out from configuration and listeners, never from a request.
#[derive(Debug, Clone)]
pub(crate) struct Public {
    /// The base of every address in documents.
    base: String,
    /// The base that stands where https is a must: in signatures and `contentUrl`.
    secure: String,
    /// Named by signatures.
    pub(crate) service_index: String,
}

impl Public {
    pub(crate) fn new(settings: &Settings, http: &Server) -> Self {
        let port = http.address().port();
        let secure = settings.feed.public_base_url.clone().unwrap_or_else(|| {
            let address = format!("https://localhost:{port}");
            tracing::info!(%address, "Feed:PublicBaseUrl is not set: signatures name this address");
            address
        });
        let base = match &settings.feed.public_base_url {
            Some(url) => url.clone(),
            None if http.is_tls() => secure.clone(),
            None => format!("http://{}", http.address()),
        };
        Self { service_index: format!("{secure}/v3/index.json"), base, secure }
    }
}

/// What roles are built from.
pub(crate) struct Parts<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) database: &'a Database,
    pub(crate) store: &'a BlobStore,
    pub(crate) clock: &'a Arc<dyn Clock>,
    pub(crate) public: &'a Public,
    /// This process's name among those that work on the database.
    pub(crate) name: String,
    /// Whether no other process works on this data folder.
    pub(crate) only_process: bool,
}

/// Everything that is to run.
pub(crate) struct Composed {
    pub(crate) http: Router,
    pub(crate) grpc: Router,
    pub(crate) health: Health,
    /// Keeps gRPC's health at what readiness says.
    pub(crate) mirror: BoxFuture<'static, ()>,
    pub(crate) worker: Option<BoxFuture<'static, ()>>,
}

impl Parts<'_> {
    /// Builds all roles.
    pub(crate) async fn compose(&self, stop: &CancellationToken) -> Result<Composed> {
        let settings = self.settings;
        let roots = Arc::new(trust::of_the_machine());
        let intake = Intake::new(self.store.clone(), self.database.clone(), self.intake_config(), Arc::clone(self.clock));
        let keys = PushKeys::new(settings.auth.keys.iter().map(|k| k.expose()), self.anonymous_push());
        let front = FrontState::new(self.front_config(&roots)?, self.database.clone(), self.store.clone(), Arc::clone(self.clock));
        let ingest = ingest::router(ingest::IngestState { intake: intake.clone(), keys: Arc::new(keys.clone()), drain_bytes: DRAIN_BYTES });
        let (grpc, grpc_health) = front::grpc::router(front.clone(), front::grpc::GrpcConfig { intake, push_keys: keys }).await?;
        let (worker, signing) = match self.worker(&roots, stop)? {
            Some((worker, authority)) => (Some(worker), Some(readiness::Signing { authority })),
            None => (None, None),
        };
        let needs = readiness::Needs {
            database: self.database.clone(),
            spool: settings.stores.spool.clone(),
            front: front.clone(),
            clock: Arc::clone(self.clock),
            signing,
        };
        let health = needs.health();
        Ok(Composed {
            http: web::within(ingest, self.answered_within()).merge(front::http::router(front)),
            grpc: web::within(grpc, self.answered_within()),
            mirror: Box::pin(readiness::mirror(health.clone(), grpc_health, stop.clone())),
            health,
            worker,
        })
    }

    /// Longest time until a push's answer begins: it comes in, is checked and recorded, and waits for its signature (over gRPC twice: as a
    /// push, and for the package that goes back).
    fn answered_within(&self) -> Duration {
        let (limits, feed) = (&self.settings.limits, &self.settings.feed);
        limits.push_deadline + feed.push_waits + limits.sign_now_deadline + CHECKING_TIME_MAX
    }

    /// Without keys anybody on loopback may push; beyond it the configuration has had to allow that in so many words.
    fn anonymous_push(&self) -> bool {
        self.settings.auth.keys.is_empty() || self.settings.auth.allow_anonymous_push
    }

    fn intake_config(&self) -> IntakeConfig {
        let settings = self.settings;
        IntakeConfig {
            limits: nupkg_limits(settings),
            upstream: upstream(settings),
            signing: if settings.signing.is_on() { SigningMode::On } else { SigningMode::Off },
            algorithm: settings.signing.algorithm,
            push_waits: settings.feed.push_waits,
            arrives_within: settings.limits.push_deadline,
        }
    }

    fn front_config(&self, roots: &Arc<TrustRoots>) -> Result<FrontConfig> {
        let settings = self.settings;
        let client_trust = match &settings.feed.trusted_roots {
            _ if settings.feed.clients_trust_certificates => ClientTrust::Assured,
            Some(folder) => ClientTrust::Roots(Arc::new(trust::from_folder(folder)?)),
            None => ClientTrust::Unknown,
        };
        Ok(FrontConfig {
            addresses: Addresses::new(&self.public.base, &self.public.secure),
            signing_enabled: settings.signing.is_on(),
            on_failure: match settings.signing.on_failure {
                OnFailure::Unavailable => front::OnFailure::Unavailable,
                OnFailure::ServeUnsigned => front::OnFailure::ServeUnsigned,
            },
            client_trust,
            sign_wait: settings.limits.sign_now_deadline,
            wait_limits: WaitLimits { per_client: settings.limits.sign_now_waiters_per_client, total: settings.limits.sign_now_waiters },
            verify_roots: Arc::clone(roots),
            verify_concurrent: 4,
        })
    }

    /// The worker, and the authority that it asks; nothing when signing is off.
    fn worker(&self, roots: &TrustRoots, stop: &CancellationToken) -> Result<Option<WorkerParts>> {
        let settings = self.settings;
        let Some(keys) = credentials::provider(settings, roots)? else {
            tracing::warn!("signing is off (Signing:Mode is Null): packages are served as they came");
            return Ok(None);
        };
        let mut stamping = roots.clone();
        trust::add_files(&mut stamping, &settings.signing.timestamp_trusted_roots)?;
        let authority = match &settings.signing.timestamp_url {
            Some(url) => {
                let client = HttpTimestamper::new(url, stamping.timestamping.clone(), timestamp_config(settings))?;
                Some(Arc::new(Watched::new(Arc::new(client))))
            }
            None => {
                tracing::warn!("signatures carry no time-stamp (Signing:TimestampServerUrl), and end with their certificate");
                None
            }
        };
        let timestamper =
            authority.clone().map(|watched| Arc::new(Breaker::new(watched, BreakerConfig::default())) as Arc<dyn Timestamper>);
        let usual = WorkerConfig::new(self.name.clone(), self.public.service_index.clone());
        // The authority's own limit comes first, so that its reason is the one that is told.
        let timestamp_deadline = usual.timestamp_deadline.max(settings.signing.timestamp_deadline + TIMESTAMP_CHECKED_WITHIN);
        let config = WorkerConfig {
            // Whatever longer the authority may take, the lease holds.
            lease: usual.lease + (timestamp_deadline - usual.timestamp_deadline),
            timestamp_deadline,
            ends_earlier_leases: self.only_process,
            owners: settings.feed.owners.clone(),
            upstream: upstream(settings),
            limits: nupkg_limits(settings),
            rehash: if settings.signing.rehash { Rehash::Always } else { Rehash::Never },
            concurrency: settings.limits.concurrent_jobs,
            attempts_max: settings.limits.attempts,
            ..usual
        };
        config.check()?;
        let context = WorkerContext {
            database: self.database.clone(),
            store: self.store.clone(),
            queue: Arc::new(JobQueue::new(self.database.clone(), config.lease)),
            keys,
            timestamper,
            timestamp_roots: stamping.timestamping.into(),
            clock: Arc::clone(self.clock),
            config,
        };
        Ok(Some((Box::pin(worker::run(context, stop.clone())), authority)))
    }
}

/// The worker's work, and the authority that it asks.
type WorkerParts = (BoxFuture<'static, ()>, Option<Arc<Watched>>);

pub(crate) fn upstream(settings: &Settings) -> UpstreamSignature {
    if settings.signing.reject_upstream { UpstreamSignature::Reject } else { UpstreamSignature::ReSign }
}

/// How an authority is asked.
pub(crate) fn timestamp_config(settings: &Settings) -> HttpConfig {
    HttpConfig { deadline: settings.signing.timestamp_deadline, answer_bytes_max: small(settings.limits.timestamp_bytes) }
}

pub(crate) fn nupkg_limits(settings: &Settings) -> nupkg::Limits {
    nupkg::Limits {
        entries: settings.limits.entries,
        directory_bytes: settings.limits.directory_bytes,
        name_bytes: settings.limits.name_bytes,
        nuspec_bytes: settings.limits.nuspec_bytes,
        signature_bytes: settings.limits.signature_bytes,
    }
}

/// Most bytes of a refused upload that are read and thrown away, so that the client hears the answer.
const DRAIN_BYTES: u64 = 8 << 20;
/// Longest time that a package which has come in may take to be hashed again, checked and recorded.
const CHECKING_TIME_MAX: Duration = Duration::from_secs(120);
/// What checking a time-stamp takes beyond the authority's answer.
const TIMESTAMP_CHECKED_WITHIN: Duration = Duration::from_secs(5);

fn small(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
