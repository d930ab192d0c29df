//! The package inside a body: the file of a multipart form, or the body itself.

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use http::HeaderValue;
use model::{Code, Refusal};
use multer::{Constraints, Field, Multipart, SizeLimit};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

/// A request's body as it comes.
pub(crate) type BodyStream = BoxStream<'static, Result<Bytes, Refusal>>;

/// The boundary of a multipart body; `None` when the body is the file itself.
///
/// # Errors
/// `request_malformed` for a multipart body without a boundary, or of another kind than a form.
pub(crate) fn boundary(content_type: Option<&HeaderValue>) -> Result<Option<String>, Refusal> {
    let Some(text) = content_type.and_then(|value| value.to_str().ok()) else { return Ok(None) };
    if !text.trim_start().get(..10).is_some_and(|start| start.eq_ignore_ascii_case("multipart/")) {
        return Ok(None);
    }
    multer::parse_boundary(text).map(Some).map_err(|error| malformed(&format!("the form's content type cannot be read: {error}")))
}

/// A form that is being read.
pub(crate) struct Form<'a> {
    parts: Multipart<'a>,
    /// How many bytes may come before the file is found.
    left: Arc<AtomicU64>,
}

/// The form in `body`.
pub(crate) fn form<'a>(body: &'a mut BodyStream, boundary: &str) -> Form<'a> {
    // What is before the file is limited as it comes in, the package itself by the spool.
    let sizes = SizeLimit::new().whole_stream(u64::MAX).per_field(u64::MAX);
    let left = Arc::new(AtomicU64::new(crate::push::FORM_BYTES_MAX));
    let bytes = OneAtATime { body, gave: false, left: Arc::clone(&left) };
    Form { parts: Multipart::with_constraints(bytes, boundary, Constraints::new().size_limit(sizes)), left }
}

/// The first part that is a file: with a file name, or of a binary type. Parts before it are passed over, up to a limit.
///
/// # Errors
/// `request_malformed` when there is none, or too much before it.
pub(crate) async fn first_file<'a>(form: &mut Form<'a>) -> Result<Field<'a>, Refusal> {
    while let Some(mut part) = form.parts.next_field().await.map_err(|e| of_form(&e))? {
        let is_binary = part.content_type().is_some_and(|kind| kind.essence_str() == "application/octet-stream");
        if part.file_name().is_some() || is_binary || part.name() == Some("package") {
            form.left.store(u64::MAX, Ordering::Relaxed);
            return Ok(part);
        }
        while part.chunk().await.map_err(|e| of_form(&e))?.is_some() {}
    }
    Err(malformed("the form has no file"))
}

/// The part's bytes. One that breaks off before the boundary ends with an error.
pub(crate) fn chunks<'a>(part: Field<'a>) -> impl Stream<Item = Result<Bytes, Refusal>> + Send + Unpin + 'a {
    stream::unfold(part, |mut part| async {
        let next = part.chunk().await.map_err(|e| of_form(&e)).transpose()?;
        Some((next, part))
    })
    .boxed()
}

/// The connection broke, or what came over it is no HTTP.
pub(crate) fn broken_off(error: axum::Error) -> Refusal {
    tracing::debug!(%error, "a push broke off");
    malformed("the request broke off")
}

fn of_form(error: &multer::Error) -> Refusal {
    match error {
        multer::Error::StreamReadFailed(source) => match source.downcast_ref::<Refusal>() {
            Some(refusal) => refusal.clone(),
            None => malformed("the request broke off"),
        },
        error => malformed(&format!("the form cannot be read: {error}")),
    }
}

fn malformed(reason: &str) -> Refusal {
    Refusal::new(Code::RequestMalformed, reason)
}

/// A body that is never ready twice in a row. The form reader takes all that it can get before it looks at any of it; over a connection
/// that is faster than the disk it would hold the package in memory.
///
/// It ends with an error when more than `left` bytes have come and the file has not: the form reader keeps what it has not understood
/// (what stands before the first boundary, the headers of a part) and looks through all of it again with every piece that comes.
struct OneAtATime<'a> {
    body: &'a mut BodyStream,
    gave: bool,
    left: Arc<AtomicU64>,
}

impl Stream for OneAtATime<'_> {
    type Item = Result<Bytes, Refusal>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.gave) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Poll::Ready(Some(Err(malformed("the form has too much before its file"))));
        }
        let next = self.body.poll_next_unpin(cx);
        self.gave = matches!(next, Poll::Ready(Some(_)));
        // The piece in which the limit is passed may hold the file's beginning, so it is still looked at.
        if let Poll::Ready(Some(Ok(bytes))) = &next
            && left != u64::MAX
        {
            self.left.store(left.saturating_sub(bytes.len() as u64), Ordering::Relaxed);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_found_quoted_or_not() {
        let of = |text: &str| boundary(Some(&HeaderValue::from_str(text).unwrap())).map_err(|refusal| refusal.code);
        assert_eq!(of("multipart/form-data; boundary=zz"), Ok(Some("zz".into())));
        assert_eq!(of(r#"multipart/form-data; boundary="8f-2b c""#), Ok(Some("8f-2b c".into())));
        assert_eq!(of("Multipart/Form-Data; charset=utf-8; Boundary=zz"), Ok(Some("zz".into())));
        assert_eq!(of("application/octet-stream"), Ok(None));
        assert_eq!(of("multipart/form-data"), Err(Code::RequestMalformed));
        assert_eq!(of("multipart/mixed; boundary=zz"), Err(Code::RequestMalformed));
        assert_eq!(boundary(None), Ok(None));
    }

    async fn file_of(form_text: &'static str, piece: usize) -> Result<Vec<u8>, Refusal> {
        let pieces: Vec<_> = form_text.as_bytes().chunks(piece).map(|p| Ok(Bytes::from_static(p))).collect();
        let mut body = stream::iter(pieces).boxed();
        let mut form = form(&mut body, "zz");
        let mut chunks = chunks(first_file(&mut form).await?);
        let mut whole = Vec::new();
        while let Some(chunk) = chunks.next().await {
            whole.extend_from_slice(&chunk?);
        }
        Ok(whole)
    }

    #[tokio::test]
    async fn the_first_file_of_a_form_is_the_package_in_whatever_pieces_it_comes() {
        let text = "--zz\r\nContent-Disposition: form-data; name=note\r\n\r\nhello\r\n\
                    --zz\r\nContent-Type: application/octet-stream\r\nContent-Disposition: form-data; name=package; filename=package.nupkg\r\n\r\nPK\r\n--z\r\n\
                    --zz\r\nContent-Disposition: form-data; name=x; filename=y\r\n\r\nother\r\n--zz--\r\n";
        for piece in [1, 2, 7, 50, 10_000] {
            assert_eq!(file_of(text, piece).await.unwrap(), b"PK\r\n--z", "{piece}");
        }
    }

    #[tokio::test]
    async fn a_form_without_end_before_its_file_is_refused_while_it_comes() {
        let header = "--zz\r\nContent-Disposition: form-data; name=note\r\n";
        for begins in ["", header, &format!("{header}\r\n")] {
            let taken = Arc::new(AtomicU64::new(0));
            let counter = Arc::clone(&taken);
            let endless = stream::iter(std::iter::repeat_with(move || {
                counter.fetch_add(4096, Ordering::Relaxed);
                Ok(Bytes::from_static(&[b'a'; 4096]))
            }));
            let begins = Bytes::copy_from_slice(begins.as_bytes());
            let mut body = stream::once(async move { Ok(begins) }).chain(endless).boxed();
            let refusal = first_file(&mut form(&mut body, "zz")).await.map(drop).unwrap_err();
            assert_eq!(refusal.reason, "the form has too much before its file");
            assert!(taken.load(Ordering::Relaxed) <= crate::push::FORM_BYTES_MAX + 4096);
        }
    }

    #[tokio::test]
    async fn a_form_that_breaks_off_or_has_no_file_is_malformed() {
        for text in [
            "--zz\r\nContent-Disposition: form-data; name=package; filename=p\r\n\r\nPK",
            "--zz\r\nContent-Disposition: form-data; name=package; filename=p\r\n\r\nPK\r\n--z",
            "--zz\r\nContent-Disposition: form-data; name=note\r\n\r\nhello\r\n--zz--\r\n",
            "--zz--\r\n",
            "",
        ] {
            assert_eq!(file_of(text, 5).await.map_err(|refusal| refusal.code), Err(Code::RequestMalformed), "{text:?}");
        }
    }
}
