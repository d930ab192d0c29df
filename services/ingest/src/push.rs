//! One push over HTTP: who, how much, which part of the body, and the answer.

use crate::IngestState;
use crate::drain::drain;
use crate::file_part::{self, BodyStream};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, TryStreamExt};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use intake::{Caller, Receipt, ReceiptState};
use model::{Code, Refusal};
use serde::Serialize;
use web::Problem;

/// `PUT /api/v2/package`.
pub(crate) async fn push(State(state): State<IngestState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream().map_err(file_part::broken_off).boxed();
    match take(&state, &parts.headers, &mut body).await {
        Ok(receipt) => answer(&receipt),
        Err(refusal) => {
            // A client that asks first has sent nothing yet, and reads the answer at once.
            if !parts.headers.contains_key(EXPECT) {
                drain(body, state.drain_bytes);
            }
            Problem::new(refusal).into_response()
        }
    }
}

async fn take(state: &IngestState, headers: &HeaderMap, body: &mut BodyStream) -> Result<Receipt, Refusal> {
    let name = state.keys.authenticate(headers)?.name();
    let caller = Caller { name: Some(name), wait: None };
    let boundary = file_part::boundary(headers.get(CONTENT_TYPE))?;
    refuse_too_large(headers, state.intake.max_package_bytes(), boundary.is_some())?;
    match boundary {
        None => state.intake.receive(body, &caller).await,
        Some(boundary) => {
            let mut form = file_part::form(body, &boundary);
            // What stands before the file is the form's; the file's own time is intake's to keep.
            let slow = |_elapsed| Refusal::new(Code::DeadlineExceeded, "the upload took too long to arrive");
            let part = tokio::time::timeout(state.intake.arrives_within(), file_part::first_file(&mut form)).await.map_err(slow)??;
            state.intake.receive(file_part::chunks(part), &caller).await
        }
    }
}

/// A push that says itself that it is too large is not read.
fn refuse_too_large(headers: &HeaderMap, limit: u64, is_form: bool) -> Result<(), Refusal> {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let around = if is_form { FORM_BYTES_MAX } else { 0 };
    if length.is_some_and(|length| length > limit.saturating_add(around)) {
        return Err(Refusal::new(Code::PackageTooLarge, format!("the package has more than {limit} bytes")));
    }
    Ok(())
}

/// What a push that was taken is told.
#[derive(Serialize)]
struct Taken<'a> {
    id: &'a str,
    version: String,
    state: &'static str,
    status: &'a str,
}

fn answer(receipt: &Receipt) -> Response {
    let status = match receipt.state {
        ReceiptState::Signed => StatusCode::CREATED,
        ReceiptState::Accepted => StatusCode::ACCEPTED,
    };
    let taken = Taken {
        id: receipt.identity.id.as_str(),
        version: receipt.identity.version.normalized(),
        state: receipt.state.as_str(),
        status: &receipt.status_path,
    };
    let mut response = (status, Json(taken)).into_response();
    // Ids hold letters of any script; in an address they stand percent-encoded.
    if let Ok(location) = HeaderValue::from_str(&ascii_path(&receipt.status_path)) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// `path` with everything but unreserved characters and slashes percent-encoded, as UTF-8 (RFC 3986).
fn ascii_path(path: &str) -> String {
    path.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

/// What a form may have around the package: boundaries, headers, other parts.
pub(crate) const FORM_BYTES_MAX: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_ascii() {
        assert_eq!(ascii_path("/v3/status/grün.a/1.0.0-b"), "/v3/status/gr%C3%BCn.a/1.0.0-b");
    }

    #[test]
    fn a_form_may_be_a_little_longer_than_its_package() {
        let code = |length: u64, is_form| {
            let headers = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(length))]);
            refuse_too_large(&headers, 100, is_form).map_err(|refusal| refusal.code)
        };
        assert_eq!(code(100, false), Ok(()));
        assert_eq!(code(101, false), Err(Code::PackageTooLarge));
        assert_eq!(code(100 + FORM_BYTES_MAX, true), Ok(()));
        assert_eq!(code(101 + FORM_BYTES_MAX, true), Err(Code::PackageTooLarge));
    }
}
