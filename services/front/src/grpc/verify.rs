//! VerifyPackage: the package on the spool, and NuGet's answer about it. Nothing is kept, nothing is fetched.

use super::GrpcState;
use super::sign::Given;
use crate::served::Unserved;
use crate::waiting::Client;
use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use model::{Code, Refusal};
use nupkg::FileSource;
use std::sync::Arc;
use storage::Spooled;
use verification::{Mode, Settings, Verdict};

/// Spools the package, from the caller or from the feed, and verifies it.
pub(crate) async fn verify<S>(state: &GrpcState, client: Client, given: Given, body: S) -> Result<Verdict, Unserved>
where
    S: Stream<Item = Result<Bytes, Refusal>> + Send + Unpin,
{
    let too_many = || Refusal::new(Code::RateLimited, "too many packages are being verified; try again later");
    let permit = Arc::clone(&state.verifying).try_acquire_owned().map_err(|_| too_many())?;
    let spooled = match given {
        Given::Upload => spool(state, body).await?,
        Given::Existing(identity) => {
            let served = state.front.serve(&identity, client).await?;
            let stream = state.front.stream(&served, 0..served.size).await?;
            let front = state.front.clone();
            spool(state, stream.chunks.map_err(move |error| front.storage_refusal(&error)).boxed()).await?
        }
    };
    let settings = settings(state);
    let verified = tokio::task::spawn_blocking(move || {
        // The permit is the thread's: a caller who hangs up leaves it busy.
        let _permit = permit;
        let source = spooled.file().try_clone().and_then(FileSource::new)?;
        std::io::Result::Ok(verification::verify(&source, &settings))
    });
    match verified.await {
        Ok(Ok(verdict)) => Ok(verdict),
        Ok(Err(error)) => {
            tracing::error!(%error, "a spooled package cannot be read");
            Err(Refusal::new(Code::StorageUnavailable, "the package cannot be read back; try again later").into())
        }
        Err(error) => {
            tracing::error!(%error, "a verification ended early");
            Err(Refusal::new(Code::Internal, "the package cannot be verified").into())
        }
    }
}

async fn spool<S>(state: &GrpcState, mut body: S) -> Result<Spooled, Refusal>
where
    S: Stream<Item = Result<Bytes, Refusal>> + Send + Unpin,
{
    let mut spooling = state.front.store().spool().begin(&[]).map_err(|e| e.to_refusal())?;
    while let Some(bytes) = body.try_next().await? {
        spooling.write(bytes).await.map_err(|e| e.to_refusal())?;
    }
    let spooled = spooling.finish().await.map_err(|e| e.to_refusal())?;
    if spooled.size() == 0 {
        return Err(Refusal::new(Code::PackageEmpty, "the package has no bytes"));
    }
    Ok(spooled)
}

/// As `dotnet nuget verify` without options.
fn settings(state: &GrpcState) -> Settings {
    Settings {
        mode: Mode::Command,
        trusted: Vec::new(),
        fingerprints: Vec::new(),
        roots: state.front.config().verify_roots.as_ref().clone(),
        now: state.front.clock().now(),
    }
}
