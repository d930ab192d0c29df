//! Live and ready, for every role. Live says that the process answers; ready runs the named checks.

use crate::problem::Problem;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::future::{BoxFuture, FutureExt, join_all};
use http::StatusCode;
use model::{Code, Refusal};
use serde::Serialize;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// In order.
    Good,
    /// Serves, but a person should know this.
    Note(String),
    /// Does not serve.
    Failed(Refusal),
}

/// One named check.
#[derive(Clone)]
pub struct Check {
    name: &'static str,
    run: Arc<dyn Fn() -> BoxFuture<'static, Standing> + Send + Sync>,
}

impl Check {
    /// A check that runs `check` each time readiness is asked for.
    pub fn new<F>(name: &'static str, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Standing> + Send + 'static,
    {
        Self { name, run: Arc::new(move || check().boxed()) }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Check").field(&self.name).finish()
    }
}

/// The checks of a process.
#[derive(Debug, Clone, Default)]
pub struct Health {
    checks: Vec<Check>,
}

impl Health {
    /// No checks: ready whenever live.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check.
    #[must_use]
    pub fn with(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// `/health/live` and `/health/ready`.
    pub fn router(self) -> Router {
        Router::new()
            .route("/health/live", get(live))
            .route("/health/ready", get(ready))
            .method_not_allowed_fallback(crate::problem::method_not_allowed)
            .with_state(self)
    }

    /// Runs every check, each within its limit.
    pub async fn ask(&self) -> Vec<(&'static str, Standing)> {
        join_all(self.checks.iter().map(|check| async {
            let slow = || Standing::Failed(Refusal::new(Code::DeadlineExceeded, "the check took too long"));
            let found = tokio::time::timeout(CHECK_TIME_MAX, (check.run)()).await;
            (check.name, found.unwrap_or_else(|_elapsed| slow()))
        }))
        .await
    }
}

#[derive(Serialize)]
struct Report {
    status: &'static str,
    checks: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    name: &'static str,
    status: &'static str,
    code: Option<&'static str>,
    reason: Option<String>,
}

async fn live() -> Json<Report> {
    Json(Report { status: "live", checks: Vec::new() })
}

async fn ready(State(health): State<Health>) -> Response {
    let found = health.ask().await;
    let is_ready = !found.iter().any(|(_, standing)| matches!(standing, Standing::Failed(_)));
    let checks = found.into_iter().map(|(name, standing)| line(name, standing)).collect();
    if is_ready {
        return Json(Report { status: "ready", checks }).into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, Json(Report { status: "not ready", checks })).into_response()
}

fn line(name: &'static str, standing: Standing) -> Line {
    match standing {
        Standing::Good => Line { name, status: "good", code: None, reason: None },
        Standing::Note(reason) => Line { name, status: "note", code: None, reason: Some(reason) },
        Standing::Failed(refusal) => {
            let code = refusal.code.as_str();
            Line { name, status: "failed", code: Some(code), reason: Some(Problem::new(refusal).public_reason().to_owned()) }
        }
    }
}

/// Longest that one check may take.
const CHECK_TIME_MAX: Duration = Duration::from_secs(5);
