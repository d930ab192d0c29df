//! The NuGet v3 side that clients read from: documents and downloads.

mod certificates;
mod conditional;
mod package_content;
mod package_status;
mod range;
mod registration;
pub(crate) mod repository_signatures;
mod service_index;

use crate::served::Unserved;
use crate::state::FrontState;
use crate::waiting::Client;
use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};
use model::{Code, NuGetVersion, PackageId, PackageIdentity, Refusal};
use serde::Serialize;
use std::net::SocketAddr;
use std::time::Duration;
use web::Problem;

/// Every route of front. The caller puts `web::around` about it.
pub fn router(state: FrontState) -> Router {
    let documents = Router::new()
        .route("/v3/index.json", get(service_index::index))
        .route("/v3/package/{id}/index.json", get(package_content::versions))
        .route("/v3/registration/{id}/index.json", get(registration::index))
        .route("/v3/registration/{id}/{leaf}", get(registration::leaf))
        .route("/v3/repository-signatures/index.json", get(repository_signatures::index))
        .route("/v3/certificates/{file}", get(certificates::certificate))
        .route("/v3/status/{id}/{version}", get(package_status::status));
    // A download has its own deadline: it may wait for a signature, and its body takes as long as it takes.
    let content = Router::new().route("/v3/package/{id}/{version}/{file}", get(package_content::content));
    web::within(documents.with_state(state.clone()), DOCUMENT_DEADLINE).merge(content.with_state(state))
}

/// The identity that an address names, in whatever spelling; what cannot be one is not found.
fn identity(id: &str, version: &str) -> Result<PackageIdentity, Problem> {
    let parsed = PackageId::parse(id).and_then(|id| Ok(PackageIdentity { id, version: NuGetVersion::parse(version)? }));
    parsed.map_err(|error| Problem::new(Refusal::new(Code::PackageNotFound, error.to_string())))
}

/// The id that an address names.
fn package_id(id: &str) -> Result<PackageId, Problem> {
    PackageId::parse(id).map_err(|error| Problem::new(Refusal::new(Code::PackageNotFound, error.to_string())))
}

/// Where a request comes from, as far as the listener says.
fn client(extensions: &http::Extensions) -> Client {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

/// A document as an answer.
fn json(document: &impl Serialize) -> Response {
    match serde_json::to_vec(document) {
        Ok(body) => json_bytes(body.into()),
        Err(error) => {
            tracing::error!(%error, "a document cannot be written");
            Problem::new(Refusal::new(Code::Internal, "the document cannot be written")).into_response()
        }
    }
}

/// A document that is written already.
fn json_bytes(body: bytes::Bytes) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

impl From<Unserved> for Problem {
    fn from(unserved: Unserved) -> Self {
        let problem = Self::new(unserved.refusal);
        match unserved.retry_after {
            Some(delay) => problem.retry_after(delay),
            None => problem,
        }
    }
}

/// Longest time until a document's answer begins.
const DOCUMENT_DEADLINE: Duration = Duration::from_secs(30);
