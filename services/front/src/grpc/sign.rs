//! SignPackage: a push, then the package back; or a package that the feed has.

use super::GrpcState;
use super::parts::{Parts, parts};
use crate::served::Unserved;
use crate::waiting::Client;
use bytes::Bytes;
use futures::Stream;
use model::{Code, PackageIdentity, Refusal};

/// Where a call's package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    /// It follows in chunks.
    Upload,
    /// The feed has it.
    Existing(PackageIdentity),
}

/// One message of a call that takes a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// The header.
    Header(Given),
    /// The next bytes.
    Chunk(Bytes),
}

/// The header, which comes first.
pub(crate) fn header(first: Option<Message>) -> Result<Given, Refusal> {
    match first {
        Some(Message::Header(given)) => Ok(given),
        Some(Message::Chunk(_)) => Err(malformed("the first message must be the header")),
        None => Err(malformed("the call ended before its header")),
    }
}

/// What follows the header.
pub(crate) fn chunk(message: Message) -> Result<Bytes, Refusal> {
    match message {
        Message::Chunk(bytes) => Ok(bytes),
        Message::Header(_) => Err(malformed("only the first message may be a header")),
    }
}

pub(crate) fn malformed(reason: &str) -> Refusal {
    Refusal::new(Code::RequestMalformed, reason)
}

/// Takes the package in where it is uploaded, and streams it back signed.
pub(crate) async fn sign<S>(state: &GrpcState, caller: web::Caller, client: Client, given: Given, body: S) -> Result<Parts, Unserved>
where
    S: Stream<Item = Result<Bytes, Refusal>> + Send + Unpin,
{
    let identity = match given {
        Given::Existing(identity) => identity,
        Given::Upload => {
            let caller = intake::Caller { name: Some(caller.name()), wait: None };
            let identity = state.intake.receive(body, &caller).await?.identity;
            return uploaded(state, client, &identity).await;
        }
    };
    let served = state.front.serve(&identity, client).await?;
    parts(&state.front, served).await
}

/// The package that was just taken in. One that is rejected after intake's own wait is told as what it was rejected for: the
/// caller is still there to hear it.
async fn uploaded(state: &GrpcState, client: Client, identity: &PackageIdentity) -> Result<Parts, Unserved> {
    match state.front.serve(identity, client).await {
        Ok(served) => parts(&state.front, served).await,
        Err(unserved) if unserved.refusal.code == Code::PackageNotFound => {
            let view = state.front.database().find(identity).await.map_err(|e| state.front.database_refusal(&e))?;
            Err(view.and_then(|v| v.job.refusal).map_or(unserved, Unserved::from))
        }
        Err(unserved) => Err(unserved),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_comes_first_and_only_first() {
        let code = |r: Result<Given, Refusal>| r.map_err(|refusal| refusal.code);
        assert_eq!(code(header(Some(Message::Header(Given::Upload)))), Ok(Given::Upload));
        assert_eq!(code(header(Some(Message::Chunk(Bytes::new())))), Err(Code::RequestMalformed));
        assert_eq!(code(header(None)), Err(Code::RequestMalformed));
        assert_eq!(chunk(Message::Chunk(Bytes::from_static(b"a"))), Ok(Bytes::from_static(b"a")));
        assert_eq!(chunk(Message::Header(Given::Upload)).map_err(|r| r.code), Err(Code::RequestMalformed));
    }
}
