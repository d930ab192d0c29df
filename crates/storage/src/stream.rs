//! A blob, or a splice over one, as a stream of chunks, each read from one open file and held against the pin.

use crate::local::Opened;
use crate::{Error, ErrorKind};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use model::{Segment, Splice};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// An opened blob or splice. Its source is open already, so what follows cannot fail for want of the file.
pub struct BlobStream {
    /// How many bytes will come.
    pub size: u64,
    /// The chunks, at most 256 KiB each.
    pub chunks: BoxStream<'static, Result<Bytes, Error>>,
}

impl std::fmt::Debug for BlobStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobStream").field("size", &self.size).finish_non_exhaustive()
    }
}

impl BlobStream {
    /// `splice` over the opened blob. Ranges outside it are refused here.
    pub(crate) fn of(source: Opened, splice: Splice) -> Result<Self, Error> {
        source.holds(&splice)?;
        let size = splice.len();
        let source = Arc::new(source);
        let starts = (0..size.div_ceil(CHUNK_BYTES)).map(|n| n * CHUNK_BYTES);
        let chunks = stream::iter(starts)
            .map(move |at| {
                let (source, part) = (Arc::clone(&source), splice.slice(at..at + CHUNK_BYTES));
                crate::blob_store::blocking(move || read(&source, &part))
            })
            // One chunk is read while the one before it is sent.
            .buffered(2)
            .boxed();
        Ok(Self { size, chunks })
    }
}

/// The bytes of a short splice. Blocks.
pub(crate) fn read(source: &Opened, splice: &Splice) -> Result<Bytes, Error> {
    let len =
        usize::try_from(splice.len()).map_err(|e| Error::new(ErrorKind::Internal, "a range is too long to be held").with_source(e))?;
    let mut bytes = BytesMut::with_capacity(len);
    for segment in splice.segments() {
        match segment {
            Segment::Literal(literal) => bytes.extend_from_slice(literal),
            Segment::Blob { offset, .. } => {
                let from = bytes.len();
                let added = usize::try_from(segment.len()).unwrap_or(len - from).min(len - from);
                bytes.resize(from + added, 0);
                source.file.read_exact_at(&mut bytes[from..], *offset).map_err(|e| source.failed(e))?;
            }
        }
    }
    source.check()?;
    Ok(bytes.freeze())
}

/// How much is read and sent at a time.
pub(crate) const CHUNK_BYTES: u64 = 256 * 1024;
