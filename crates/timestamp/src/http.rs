//! One authority over HTTP.

use crate::error::Error;
use crate::{Timestamper, check};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use certificates::Certificate;
use model::{Code, HashAlgorithm};
use nuget_signature::surgery;
use nuget_signature::timestamp_request::{self, Request, ResponseError};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// Limits of one exchange with an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpConfig {
    /// For the whole exchange, connecting included.
    pub deadline: Duration,
    /// Longest answer, in bytes.
    pub answer_bytes_max: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(10), answer_bytes_max: 64 * 1024 }
    }
}

/// Longest wait that an authority's `Retry-After` is believed.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(600);

/// A client of one authority.
#[derive(Debug)]
pub struct HttpTimestamper {
    url: Url,
    client: reqwest::Client,
    roots: Vec<Certificate>,
    config: HttpConfig,
}

impl HttpTimestamper {
    /// A client of the authority at `url` (absolute, http or https), whose chains must end in one of `roots`.
    pub fn new(url: &str, roots: Vec<Certificate>, config: HttpConfig) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::new(url, Code::ConfigurationInvalid, reason);
        let parsed = Url::parse(url).map_err(|e| wrong("its address is not an absolute URL").because(e))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(wrong("its address is neither http nor https"));
        }
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| wrong("no HTTP client can be made").because(e))?;
        Ok(Self { url: parsed, client, roots, config })
    }

    fn error(&self, code: Code, reason: impl Into<String>) -> Error {
        // Without user, password, path and query: they may be secrets.
        let authority = self.url.host_str().unwrap_or("?");
        let authority = self.url.port().map_or_else(|| authority.to_owned(), |port| format!("{authority}:{port}"));
        Error::new(&authority, code, reason)
    }

    /// Sends the request; the answer's body and whether it calls itself a time-stamp reply.
    async fn exchange(&self, request: &Request, now: OffsetDateTime) -> Result<(Bytes, bool), Error> {
        let sent = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/timestamp-query").body(request.der().to_vec());
        let mut response = sent.send().await.map_err(|e| self.transport_error(e))?;
        self.check_status(response.status(), response.headers(), now)?;
        let is_reply = media_type(response.headers()) == Some("application/timestamp-reply");
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.transport_error(e))? {
            if body.len() + chunk.len() > self.config.answer_bytes_max {
                let reason = format!("its answer is longer than {} bytes", self.config.answer_bytes_max);
                return Err(self.error(Code::TimestampTooLarge, reason));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((body.freeze(), is_reply))
    }

    fn transport_error(&self, error: reqwest::Error) -> Error {
        let (code, reason) = if error.is_timeout() {
            (Code::TimestampTimeout, "it did not answer in time")
        } else if error.is_connect() {
            (Code::TimestampUnreachable, "it cannot be reached")
        } else {
            (Code::TimestampInterrupted, "its answer broke off")
        };
        self.error(code, reason).because(error.without_url())
    }

    fn check_status(&self, status: StatusCode, headers: &HeaderMap, now: OffsetDateTime) -> Result<(), Error> {
        if status.is_success() {
            return Ok(());
        }
        let code = match status {
            StatusCode::TOO_MANY_REQUESTS => Code::TimestampThrottled,
            status if status.is_server_error() => Code::TimestampBusy,
            _ => Code::TimestampHttpStatus,
        };
        let wait = retry_after(headers, now);
        let asks = wait.map(|w| format!(", and asks to wait {} s", w.as_secs())).unwrap_or_default();
        Err(self.error(code, format!("it answered {status}{asks}")).after(wait))
    }

    fn read(&self, body: &[u8], is_reply: bool, request: &Request) -> Result<Bytes, Error> {
        if body.is_empty() {
            return Err(self.error(Code::TimestampEmpty, "its answer has no content"));
        }
        timestamp_request::read_response(body, request).map_err(|error| match error {
            // NuGet does not look at the media type, so it only explains what could not be read anyhow.
            ResponseError::Encoding(_) | ResponseError::Structure(_) if !is_reply => {
                self.error(Code::TimestampWrongType, "its answer is not a time-stamp reply, nor says that it is").because(error)
            }
            error => self.error(error.code(), error.to_string()).with_nu(error.nu()),
        })
    }
}

#[async_trait]
impl Timestamper for HttpTimestamper {
    async fn timestamp(&self, signature_value: &[u8], algorithm: HashAlgorithm, now: OffsetDateTime) -> Result<Bytes, Error> {
        let mut nonce = [0_u8; 32];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|e| self.error(Code::Internal, "no random octets").because(e))?;
        let request = Request::new(signature_value, algorithm, nonce);
        let (body, is_reply) = match tokio::time::timeout(self.config.deadline, self.exchange(&request, now)).await {
            Ok(answer) => answer?,
            Err(elapsed) => {
                let reason = format!("it did not answer within {} s", self.config.deadline.as_secs_f32());
                return Err(self.error(Code::TimestampTimeout, reason).because(elapsed));
            }
        };
        let token = self.read(&body, is_reply, &request)?;
        // Public-key work on a chain of strangers: a millisecond or two, not on a thread that serves sockets.
        let roots = self.roots.clone();
        let checked = tokio::task::spawn_blocking(move || {
            let chain = check::token(&token, &roots, now)?;
            let chain: Vec<Bytes> = chain.iter().map(|c| c.der().clone()).collect();
            surgery::complete_token(&token, &chain).map_err(|error| check::Fault {
                code: Code::TimestampMalformed,
                nu: None,
                reason: format!("its chain cannot be put into the token: {error}"),
            })
        })
        .await
        .map_err(|e| self.error(Code::Internal, "the thread that checks tokens ended").because(e))?;
        match checked {
            Ok(token) => Ok(token.into()),
            Err(fault) => Err(self.error(fault.code, fault.reason).with_nu(fault.nu)),
        }
    }

    fn ready(&self) -> Result<(), Error> {
        Ok(())
    }
}

fn media_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').next().map(str::trim)
}

/// `Retry-After: 120`, or a date.
fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => (OffsetDateTime::parse(text, &Rfc2822).ok()? - now).try_into().unwrap_or(Duration::ZERO),
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = datetime!(2026-11-24 12:00 UTC);
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now).map(|w| w.as_secs())
        };
        assert_eq!(wait("7"), Some(7));
        assert_eq!(wait("Tue, 24 Nov 2026 12:00:30 GMT"), Some(30));
        assert_eq!(wait("Tue, 24 Nov 2026 11:00:00 GMT"), Some(0));
        assert_eq!(wait("99999999"), Some(600));
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn addresses_that_are_not_http_are_refused() {
        for (url, reason) in
            [("timestamp.example", "its address is not an absolute URL"), ("ftp://a/", "its address is neither http nor https")]
        {
            let error = HttpTimestamper::new(url, Vec::new(), HttpConfig::default()).unwrap_err();
            assert_eq!((error.code(), error.reason()), (Code::ConfigurationInvalid, reason));
        }
    }
}
