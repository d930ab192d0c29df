//! The generated service's methods: read the caller, convert, call the use case, convert back.

use super::parts::{Part, Parts};
use super::{GrpcState, convert, download, sign, verify};
use crate::waiting::Client;
use axum::extract::ConnectInfo;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _};
use model::Refusal;
use proto::v1::signing_service_server::SigningService;
use proto::v1::{
    DownloadPackageRequest, DownloadPackageResponse, SignPackageRequest, SignPackageResponse, VerifyPackageRequest, VerifyPackageResponse,
};
use std::net::SocketAddr;
use tonic::{Extensions, Request, Response, Status, Streaming};

/// The service.
#[derive(Debug, Clone)]
pub(super) struct Signing {
    state: GrpcState,
}

impl Signing {
    pub(super) fn new(state: GrpcState) -> Self {
        Self { state }
    }
}

#[tonic::async_trait]
impl SigningService for Signing {
    type SignPackageStream = BoxStream<'static, Result<SignPackageResponse, Status>>;
    type DownloadPackageStream = BoxStream<'static, Result<DownloadPackageResponse, Status>>;

    async fn sign_package(&self, request: Request<Streaming<SignPackageRequest>>) -> Result<Response<Self::SignPackageStream>, Status> {
        // Before a single message is read.
        let caller = self.state.push_keys.authenticate(request.metadata().as_ref()).map_err(|r| convert::refused(&r))?;
        let client = client(request.extensions());
        let mut messages = messages(request.into_inner(), convert::sign_message);
        let given = sign::header(messages.next().await.transpose()?).map_err(|r| convert::refused(&r))?;
        let mut broken = None;
        let body = chunks(messages, &mut broken);
        let parts = sign::sign(&self.state, caller, client, given, body).await;
        // What broke the caller's stream is told as it was, and not as what came of it.
        if let Some(status) = broken {
            return Err(status);
        }
        Ok(Response::new(answer(parts.map_err(|u| convert::unserved(&u))?, convert::sign_part)))
    }

    async fn download_package(&self, request: Request<DownloadPackageRequest>) -> Result<Response<Self::DownloadPackageStream>, Status> {
        let client = client(request.extensions());
        let identity = convert::identity(request.into_inner().identity).map_err(|r| convert::refused(&r))?;
        let parts = download::download(&self.state, client, &identity).await.map_err(|u| convert::unserved(&u))?;
        Ok(Response::new(answer(parts, convert::download_part)))
    }

    async fn verify_package(&self, request: Request<Streaming<VerifyPackageRequest>>) -> Result<Response<VerifyPackageResponse>, Status> {
        let client = client(request.extensions());
        let mut messages = messages(request.into_inner(), convert::verify_message);
        let given = sign::header(messages.next().await.transpose()?).map_err(|r| convert::refused(&r))?;
        let mut broken = None;
        let body = chunks(messages, &mut broken);
        let verdict = verify::verify(&self.state, client, given, body).await;
        if let Some(status) = broken {
            return Err(status);
        }
        Ok(Response::new(convert::verdict(verdict.map_err(|u| convert::unserved(&u))?)))
    }
}

/// A caller's messages, converted.
fn messages<M: Send + 'static>(
    stream: Streaming<M>,
    convert: fn(M) -> Result<sign::Message, Refusal>,
) -> BoxStream<'static, Result<sign::Message, Status>> {
    stream.map(move |message| convert(message?).map_err(|r| convert::refused(&r))).boxed()
}

/// The chunks that follow the header. A status that ends them early is left in `broken`.
fn chunks<'a>(
    messages: BoxStream<'static, Result<sign::Message, Status>>,
    broken: &'a mut Option<Status>,
) -> impl Stream<Item = Result<bytes::Bytes, Refusal>> + Send + Unpin + 'a {
    messages.map(move |message| match message {
        Ok(message) => sign::chunk(message),
        Err(status) => {
            let refusal = sign::malformed("the call's messages broke off");
            *broken = Some(status);
            Err(refusal)
        }
    })
}

/// A package's parts as messages.
fn answer<M: 'static>(parts: Parts, convert: fn(Part) -> M) -> BoxStream<'static, Result<M, Status>> {
    parts.map(move |part| part.map(convert).map_err(|r| convert::refused(&r))).boxed()
}

/// Where a call comes from, as far as the listener says.
fn client(extensions: &Extensions) -> Client {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}
