//! `/v3/index.json`.

use crate::documents::service_index::ServiceIndex;
use crate::state::FrontState;
use axum::extract::State;
use axum::response::Response;

pub(super) async fn index(State(state): State<FrontState>) -> Response {
    super::json(&ServiceIndex::new(&state.config().addresses))
}
