//! The one place where a code becomes an HTTP status, and a refusal an answer.
//!
//! NuGet's client prints the reason phrase and the `X-NuGet-Warning` header of a failed push and never its body, so code and reason
//! stand in all three. HTTP/2 has no reason phrase; there the header remains.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use hyper::ext::ReasonPhrase;
use model::{Category, Code, Refusal};
use serde::Serialize;
use std::time::Duration;

/// A refusal as an answer.
#[derive(Debug, Clone)]
pub struct Problem {
    refusal: Refusal,
    retry_after: Option<Duration>,
}

impl Problem {
    /// The answer to `refusal`, with the usual `Retry-After` where one belongs.
    pub fn new(refusal: Refusal) -> Self {
        let retry_after = match refusal.code.category() {
            Category::TooMany => Some(RETRY_TOO_MANY),
            Category::Unavailable => Some(RETRY_UNAVAILABLE),
            _ => None,
        };
        Self { refusal, retry_after }
    }

    /// The same, asking the client to come back after `delay`.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The refusal.
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// What may be read outside. A code that is our fault says no more than that: its reason was written for the log.
    pub(crate) fn public_reason(&self) -> &str {
        match self.refusal.code.category() {
            Category::Internal => "the server failed; its log says more under the request's id",
            _ => &self.refusal.reason,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal)
    }
}

/// RFC 9457, with our code and NuGet's number beside it. `type` is left out: it means `about:blank`.
#[derive(Serialize)]
struct Document<'a> {
    title: &'static str,
    status: u16,
    code: &'static str,
    nu: Option<String>,
    reason: &'a str,
    detail: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let code = self.refusal.code;
        let status = status_of(code);
        let reason = self.public_reason();
        let detail = match self.refusal.nu {
            Some(nu) => format!("{nu}: {reason}"),
            None => reason.to_owned(),
        };
        let line = one_line(&format!("{code}: {detail}"));
        let document = Document {
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: code.as_str(),
            nu: self.refusal.nu.map(|nu| nu.to_string()),
            reason,
            detail,
        };
        // A document of strings and a number always serialises.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Ok(value) = HeaderValue::from_str(&line) {
            headers.insert(NUGET_WARNING, value);
        }
        if let Some(delay) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(delay.as_secs().max(1)));
        }
        if let Ok(phrase) = ReasonPhrase::try_from(line.into_bytes()) {
            response.extensions_mut().insert(phrase);
        }
        response.extensions_mut().insert(code);
        response
    }
}

/// The HTTP status of a code.
pub fn status_of(code: Code) -> StatusCode {
    match code.category() {
        Category::Invalid => StatusCode::BAD_REQUEST,
        Category::Unauthenticated => StatusCode::UNAUTHORIZED,
        Category::Forbidden => StatusCode::FORBIDDEN,
        Category::NotFound => StatusCode::NOT_FOUND,
        Category::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Category::Conflict => StatusCode::CONFLICT,
        Category::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Category::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        Category::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        Category::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Category::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Category::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The fallback of a router: no such address.
pub async fn route_not_found() -> Problem {
    Problem::new(Refusal::new(Code::RouteNotFound, "there is no such address"))
}

/// The fallback of a router: not this method.
pub async fn method_not_allowed() -> Problem {
    Problem::new(Refusal::new(Code::MethodNotAllowed, "this address does not take that method"))
}

/// Printable ASCII on one line, of bounded length: what a header and a reason phrase can hold whoever reads them.
fn one_line(text: &str) -> String {
    let printable = |c: char| match c {
        ' '..='~' => c,
        c if c.is_control() || c.is_whitespace() => ' ',
        _ => '?',
    };
    text.chars().take(LINE_CHARS_MAX).map(printable).collect()
}

/// The header whose text NuGet's client shows as a warning.
const NUGET_WARNING: HeaderName = HeaderName::from_static("x-nuget-warning");
/// Longest line; proxies refuse status lines of many kilobytes.
const LINE_CHARS_MAX: usize = 400;
/// When to come back after "too many".
const RETRY_TOO_MANY: Duration = Duration::from_secs(1);
/// When to come back after "not now".
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_reason_stand_in_header_and_phrase_on_one_ascii_line() {
        let response = Problem::new(Refusal::nu(Code::Zip64, 3006, "Zip64\r\nnicht möglich")).into_response();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let line = "zip64: NU3006: Zip64  nicht m?glich";
        assert_eq!(response.headers()[NUGET_WARNING], line);
        assert_eq!(response.extensions().get::<ReasonPhrase>().map(ReasonPhrase::as_bytes), Some(line.as_bytes()));
        assert_eq!(response.headers().get(RETRY_AFTER), None);
    }

    #[test]
    fn a_client_is_told_when_to_come_back_and_only_then() {
        let retry =
            |code| Problem::new(Refusal::new(code, "x")).into_response().headers().get(RETRY_AFTER).map(|v| v.to_str().unwrap().to_owned());
        assert_eq!(retry(Code::TooManyPushes).as_deref(), Some("1"));
        assert_eq!(retry(Code::SpoolFull).as_deref(), Some("5"));
        assert_eq!(retry(Code::IdentityTaken), None);
        let after = Problem::new(Refusal::new(Code::SigningPending, "x")).retry_after(Duration::from_millis(200)).into_response();
        assert_eq!(after.headers()[RETRY_AFTER], "1");
    }

    #[test]
    fn what_is_our_fault_says_nothing_of_the_inside() {
        let response = Problem::new(Refusal::new(Code::Internal, "/data/secret.db is locked")).into_response();
        let line = response.headers()[NUGET_WARNING].to_str().unwrap();
        assert!(line.starts_with("internal: ") && !line.contains("secret"), "{line}");
    }

    #[test]
    fn a_long_reason_is_cut() {
        let response = Problem::new(Refusal::new(Code::RequestMalformed, "x".repeat(10_000))).into_response();
        assert_eq!(response.headers()[NUGET_WARNING].len(), LINE_CHARS_MAX);
    }
}
