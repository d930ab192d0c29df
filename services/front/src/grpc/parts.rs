//! A served package as a stream of parts: what it is, its bytes, and a closing digest.

use crate::served::Served;
use crate::state::FrontState;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use model::digest::Hasher;
use model::{Digest, HashAlgorithm, Refusal};
use storage::BlobStream;

/// One message of an answer that carries a package.
#[derive(Debug)]
pub(crate) enum Part {
    /// First.
    Head(Box<Served>),
    /// The next bytes.
    Chunk(Bytes),
    /// Last: the digest of all the bytes, and how many they were.
    Summary(Digest, u64),
}

/// A package on its way to a caller.
pub(crate) type Parts = BoxStream<'static, Result<Part, Refusal>>;

enum At {
    Head(Box<Served>, BlobStream),
    Body(BlobStream, Box<Hasher>, u64),
    End,
}

/// Streams `served`, opened before the first part, so that a missing file is the call's error and not its stream's.
pub(crate) async fn parts(state: &FrontState, served: Served) -> Result<Parts, crate::served::Unserved> {
    let body = state.stream(&served, 0..served.size).await?;
    metrics::counter!(telemetry::names::DOWNLOADS, "source" => served.source.as_str()).increment(1);
    let state = state.clone();
    let parts = stream::try_unfold(At::Head(Box::new(served), body), move |at| {
        let state = state.clone();
        async move {
            match at {
                At::Head(served, body) => Ok(Some((Part::Head(served), At::Body(body, Box::new(Hasher::new(HashAlgorithm::Sha256)), 0)))),
                At::Body(mut body, mut hasher, sent) => match body.chunks.next().await {
                    Some(Ok(chunk)) => {
                        hasher.update(&chunk);
                        let sent = sent + chunk.len() as u64;
                        Ok(Some((Part::Chunk(chunk), At::Body(body, hasher, sent))))
                    }
                    Some(Err(error)) => Err(state.storage_refusal(&error)),
                    None => Ok(Some((Part::Summary(hasher.finish(), sent), At::End))),
                },
                At::End => Ok(None),
            }
        }
    });
    Ok(parts.boxed())
}
