//! The role that takes pushes: `PUT /api/v2/package`, as `dotnet nuget push` speaks it (one multipart part, chunked), or the bare file.
//!
//! It reads nothing of a push before it knows who pushes, holds nothing of it in memory, and leaves every question about the package to
//! `intake`. It links neither keys nor signing.

mod drain;
mod file_part;
mod push;

use axum::Router;
use axum::routing::put;
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
    Router::new().route("/api/v2/package", put(push::push)).route("/api/v2/package/", put(push::push)).with_state(state)
}
