//! What stands around every route: a request id, a span, metrics, and a deadline for routes that do not stream.

use crate::problem::Problem;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue};
use model::{Code, Refusal};
use std::time::{Duration, Instant};
use telemetry::names;
use tracing::Instrument;

/// The id of a request, in its extensions, its span and the answer's `X-Request-Id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Puts request id, span and metrics around every route of `router`, and problem documents on its fallbacks.
pub fn around(router: Router) -> Router {
    observed(router.fallback(crate::problem::route_not_found).method_not_allowed_fallback(crate::problem::method_not_allowed))
}

/// The same, with the router's own fallbacks left alone: gRPC has its own way to say that there is no such call.
pub fn observed(router: Router) -> Router {
    router
        // A `route_layer` knows the matched route; the layer outside it sees the fallbacks too.
        .route_layer(middleware::from_fn(note_route))
        .layer(middleware::from_fn(observe))
}

/// Gives every route of `router` a deadline until its answer begins: for routes that neither take nor wait for long ones.
pub fn within(router: Router, limit: Duration) -> Router {
    router.layer(middleware::from_fn(move |request: Request, next: Next| async move {
        match tokio::time::timeout(limit, next.run(request)).await {
            Ok(response) => response,
            Err(_elapsed) => Problem::new(Refusal::new(Code::DeadlineExceeded, "the request took too long")).into_response(),
        }
    }))
}

/// The route that answered, as the router spells it: a label from a closed set.
#[derive(Debug, Clone)]
struct Route(String);

async fn note_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| Route(path.as_str().to_owned()));
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

async fn observe(mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request.headers().get(&REQUEST_ID).and_then(usable_id).unwrap_or_else(|| uuid::Uuid::now_v7().simple().to_string());
    let span = tracing::info_span!("request", request.id = %id, method = %request.method(), path = %request.uri().path());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).instrument(span.clone()).await;
    let route = response.extensions().get::<Route>().map_or_else(|| "none".to_owned(), |route| route.0.clone());
    let code = response.extensions().get::<Code>().map_or("", |code| code.as_str());
    let status = response.status().as_u16().to_string();
    let elapsed = begun.elapsed();
    metrics::counter!(names::HTTP_REQUESTS, "route" => route.clone(), "status" => status, "code" => code).increment(1);
    metrics::histogram!(names::HTTP_SECONDS, "route" => route).record(elapsed.as_secs_f64());
    span.in_scope(|| {
        tracing::debug!(status = response.status().as_u16(), code, elapsed_ms = elapsed.as_millis(), "answered");
    });
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// A caller's own id, when it is short and plain enough for logs.
fn usable_id(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
    ((1..=REQUEST_ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(plain)).then(|| text.to_owned())
}

/// The header of the id, both ways.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id taken from a caller.
const REQUEST_ID_CHARS_MAX: usize = 128;
