//! `/v3/status/{id}/{version}`.

use crate::documents::package_status::PackageStatus;
use crate::served::unknown;
use crate::state::FrontState;
use axum::extract::{Path, State};
use axum::response::Response;
use web::Problem;

/// Also of a package that was rejected: its pusher was told to look here.
pub(super) async fn status(State(state): State<FrontState>, Path((id, version)): Path<(String, String)>) -> Result<Response, Problem> {
    let identity = super::identity(&id, &version)?;
    let view = state.database().find(&identity).await.map_err(|e| state.database_refusal(&e))?.ok_or_else(|| unknown(&identity))?;
    Ok(super::json(&PackageStatus::new(&view.package.identity, &view.job)))
}
