//! The role that takes pushes: `PUT /api/v2/package`, as `dotnet nuget push` speaks it.

use axum::Router;
use intake::Intake;
use std::sync::Arc;
use web::PushKeys;

/// What the routes need.
#[derive(Debug, Clone)]
pub struct IngestState {
    /// The way in.
    pub intake: Intake,
    /// Who may push.
    pub keys: Arc<PushKeys>,
    /// Most bytes of a refused push that are read and thrown away, so that the client gets to reading the answer.
    pub drain_bytes: u64,
}

/// The routes of this role: `PUT /api/v2/package`, with and without a slash at the end.
pub fn router(state: IngestState) -> Router {
    let _ = state;
    Router::new()
}
