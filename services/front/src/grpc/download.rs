//! DownloadPackage: what the HTTP download gives.

use super::GrpcState;
use super::parts::{Parts, parts};
use crate::served::Unserved;
use crate::waiting::Client;
use model::PackageIdentity;

/// Streams a package of the feed.
pub(crate) async fn download(state: &GrpcState, client: Client, identity: &PackageIdentity) -> Result<Parts, Unserved> {
    let served = state.front.serve(identity, client).await?;
    parts(&state.front, served).await
}
