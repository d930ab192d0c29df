//! Listening: HTTP/1.1 and HTTP/2 (with prior knowledge or by ALPN), TLS when files are named, and a stop that lets answers finish.

use crate::connection::IdleLimited;
use crate::tls::{self, TlsError, TlsFiles};
use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Where and how to listen.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// TLS, or plain text.
    pub tls: Option<TlsFiles>,
    /// Most connections at once; more wait in the kernel's queue.
    pub max_connections: usize,
    /// Longest time for a TLS handshake, and for the head of a request (the pause between two requests of one connection counts).
    pub header_timeout: Duration,
    /// Longest time in which nothing moves on a connection; must be longer than any answer takes to begin.
    pub idle_timeout: Duration,
    /// How long answers may go on after the stop.
    pub grace: Duration,
}

impl ServerConfig {
    /// The defaults, at `listen`, without TLS.
    pub fn at(listen: SocketAddr) -> Self {
        Self {
            listen,
            tls: None,
            max_connections: 4096,
            header_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(120),
            grace: Duration::from_secs(20),
        }
    }
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be had.
    #[error("cannot listen at {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] TlsError),
}

/// A bound listener that does not serve yet: its address is known, and clients that connect already wait.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    config: ServerConfig,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}

impl Server {
    /// Takes the address and reads the TLS files.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn bind(config: ServerConfig) -> Result<Self, ServerError> {
        let tls = config.tls.as_ref().map(tls::configure).transpose()?.map(TlsAcceptor::from);
        let failed = |source| ServerError::Bind { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, tls, config })
    }

    /// The address with its port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it speaks TLS.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves `router` until `stop`, then takes no new connection or request and lets answers finish within the grace.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let Self { listener, address, tls, config } = self;
        let places = Arc::new(Semaphore::new(config.max_connections));
        let graceful = GracefulShutdown::new();
        let protocol = Arc::new(protocol(&config));
        let abandon = CancellationToken::new();
        while let Some((stream, place)) = next_connection(&listener, &places, &stop).await {
            let (router, protocol, tls, watcher) = (router.clone(), Arc::clone(&protocol), tls.clone(), graceful.watcher());
            let (header_timeout, idle_timeout, abandon) = (config.header_timeout, config.idle_timeout, abandon.clone());
            tokio::spawn(async move {
                let _place = place;
                let peer = stream.peer_addr().ok();
                let stream = IdleLimited::new(stream, idle_timeout);
                let served = async {
                    match tls {
                        None => serve_connection(stream, peer, &protocol, router, watcher).await,
                        Some(tls) => match tokio::time::timeout(header_timeout, tls.accept(stream)).await {
                            Ok(Ok(stream)) => serve_connection(stream, peer, &protocol, router, watcher).await,
                            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                            Err(_elapsed) => tracing::debug!("a TLS handshake took too long"),
                        },
                    }
                };
                tokio::select! {
                    () = served => {}
                    () = abandon.cancelled() => {}
                }
            });
        }
        // Closing the socket tells clients at once that nobody listens.
        drop(listener);
        if tokio::time::timeout(config.grace, graceful.shutdown()).await.is_err() {
            tracing::warn!(%address, "connections were closed before their answers were through: the grace was over");
        }
        abandon.cancel();
    }
}

/// The limits of both protocols.
fn protocol(config: &ServerConfig) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(config.header_timeout).max_buf_size(HTTP1_BUFFER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .adaptive_window(false)
        .initial_stream_window_size(HTTP2_STREAM_WINDOW_BYTES)
        .initial_connection_window_size(HTTP2_CONNECTION_WINDOW_BYTES)
        // No pings of ours: their answers would keep a connection that nobody uses from the idle limit.
        .max_header_list_size(HTTP2_HEADER_BYTES_MAX);
    builder
}

/// The next client and its place, or `None` at the stop.
async fn next_connection(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    loop {
        let accepted = async {
            // The semaphore is never closed, so the permit always comes.
            let place = Arc::clone(places).acquire_owned().await.ok()?;
            Some((listener.accept().await, place))
        };
        let (accepted, place) = tokio::select! {
            () = stop.cancelled() => return None,
            accepted = accepted => accepted?,
        };
        match accepted {
            Ok((stream, _)) => {
                // Answers are written whole; waiting for more would only delay them.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection was gone before it began");
                    continue;
                }
                return Some((stream, place));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Out of descriptors or memory: give connections a moment to end instead of spinning.
                tracing::error!(%error, "connections cannot be accepted");
                tokio::select! {
                    () = stop.cancelled() => return None,
                    () = tokio::time::sleep(ACCEPT_PAUSE) => {}
                }
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

async fn serve_connection<S>(
    stream: S,
    peer: Option<SocketAddr>,
    protocol: &auto::Builder<TokioExecutor>,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    // Limits per client go by the address of the connection.
    let service = router.map_request(move |mut request: Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        request
    });
    let connection = protocol.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error, "a connection ended early");
    }
}

/// Read buffer of an HTTP/1.1 connection: also the longest head of a request.
const HTTP1_BUFFER_BYTES: usize = 128 * 1024;
/// Requests at once on one HTTP/2 connection.
const HTTP2_STREAMS_MAX: u32 = 128;
/// What an HTTP/2 client may send ahead on one stream: bounds memory for an upload that is spooled more slowly than it comes.
const HTTP2_STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
/// The same for a connection.
const HTTP2_CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// Longest list of headers.
const HTTP2_HEADER_BYTES_MAX: u32 = 64 * 1024;
/// The pause after connections could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
