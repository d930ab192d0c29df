//! A blob, or a splice over one, as a stream of chunks.
use crate::Error;
use bytes::Bytes;
use futures::stream::BoxStream;

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
