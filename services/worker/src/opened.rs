//! A package as the worker reads it: the tail of its pinned blob, kilobytes whatever its size.

use crate::Worker;
use crate::failure::Failure;
use bytes::Bytes;
use database::PackageRecord;
use futures::TryStreamExt as _;
use model::digest::MultiHasher;
use model::{Code, Digests, HashAlgorithm};
use nuget_signature::parse::PrimarySignature;
use nupkg::{Layout, Limits, Tail, missing_range};
use std::sync::Arc;
use storage::Pin;

/// The first read: end record, directory and signature entry of nearly every package.
const TAIL_BYTES: u64 = 32 * 1024;
/// More reads than this and the archive leads us in circles.
const READS_MAX: usize = 8;

/// A package's directory and its own signature.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) tail: Arc<Tail>,
    pub(crate) layout: Arc<Layout>,
    pub(crate) signature: Option<PrimarySignature>,
}

impl Worker {
    /// Reads what signing needs of `package`, from the very bytes that were recorded.
    pub(crate) async fn open(&self, package: &PackageRecord) -> Result<Opened, Failure> {
        let (store, deadline) = (&self.context.store, self.context.config.read_deadline);
        let slow = |_| Failure::Slow("reading the package", Code::StorageUnavailable);
        let pin = Pin::from_text(&package.pin);
        let (blob, bytes) =
            tokio::time::timeout(deadline, store.read_tail(&package.incoming, TAIL_BYTES, Some(&pin))).await.map_err(slow)??;
        if blob.size != package.size {
            return Err(Failure::Changed);
        }
        let mut tail = Tail::new(blob.size);
        tail.insert(blob.size.saturating_sub(bytes.len() as u64), bytes);
        for _ in 1..READS_MAX {
            // A directory may have megabytes, and a signature is parsed: not on a thread that serves sockets.
            let limits = self.context.config.limits.clone();
            let (read, there) = tokio::task::spawn_blocking(move || {
                let read = parse(&tail, &limits);
                (read, tail)
            })
            .await?;
            tail = there;
            let missing = match read {
                Ok((layout, signature)) => return Ok(Opened { tail: Arc::new(tail), layout: Arc::new(layout), signature }),
                Err(Failure::Package(error)) => missing_range(&error).ok_or(error)?,
                Err(failure) => return Err(failure),
            };
            let fetched = store.read_range(&package.incoming, missing.clone(), Some(&pin));
            tail.insert(missing.start, tokio::time::timeout(deadline, fetched).await.map_err(slow)??);
        }
        Err(Failure::Changed)
    }

    /// Digests of the unsigned form by reading the whole package once: for an algorithm that intake did not know of, and
    /// where every package is to be read again.
    pub(crate) async fn hash_unsigned(
        &self,
        package: &PackageRecord,
        layout: &Layout,
        algorithm: HashAlgorithm,
    ) -> Result<Digests, Failure> {
        let unsigned = layout.unsigned_form()?;
        let pin = Pin::from_text(&package.pin);
        let deadline = self.context.config.read_deadline;
        let slow = |_| Failure::Slow("reading the package", Code::StorageUnavailable);
        let stream = self.context.store.stream_splice(&package.incoming, &pin, unsigned);
        let mut stream = tokio::time::timeout(deadline, stream).await.map_err(slow)??;
        let mut hasher = MultiHasher::new(&[HashAlgorithm::Sha256, algorithm]);
        while let Some(chunk) = tokio::time::timeout(deadline, stream.chunks.try_next()).await.map_err(slow)?? {
            hasher = hash(hasher, chunk).await?;
        }
        let digests = hasher.finish();
        if digests.sha256() == package.unsigned.sha256() { Ok(digests) } else { Err(Failure::Changed) }
    }
}

async fn hash(mut hasher: MultiHasher, chunk: Bytes) -> Result<MultiHasher, Failure> {
    Ok(tokio::task::spawn_blocking(move || {
        hasher.update(&chunk);
        hasher
    })
    .await?)
}

fn parse(tail: &Tail, limits: &Limits) -> Result<(Layout, Option<PrimarySignature>), Failure> {
    let layout = Layout::read(tail, limits)?;
    layout.check_signable(tail, limits)?;
    if !layout.is_signed() {
        return Ok((layout, None));
    }
    let p7s = layout.signature_bytes(tail, limits)?;
    Ok((layout, Some(PrimarySignature::parse(p7s)?)))
}
