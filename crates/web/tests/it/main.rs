//! The server on a real port: protocols, limits, the stop, and what a client sees of a problem.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "test code fails by panicking")]

mod server;
mod surface;

use axum::Router;
use std::net::SocketAddr;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use web::{Server, ServerConfig};

/// A running server.
struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(router: Router) -> Self {
        Self::with(router, |_| {}).await
    }

    async fn with(router: Router, change: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = ServerConfig::at("127.0.0.1:0".parse().unwrap());
        change(&mut config);
        let server = Server::bind(config).await.unwrap();
        let (address, stop) = (server.address(), CancellationToken::new());
        let task = tokio::spawn(server.serve(router, stop.clone()));
        Self { address, stop, task }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}
