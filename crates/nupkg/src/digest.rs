//! Digests of a splice: the bytes it describes, hashed without being put together.

use crate::ReadAt;
use model::digest::MultiHasher;
use model::{Digests, HashAlgorithm, Segment, Splice};
use std::io;

/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;

/// Digests of the file that `splice` describes over `source`.
pub fn digest(source: &dyn ReadAt, splice: &Splice, algorithms: &[HashAlgorithm]) -> io::Result<Digests> {
    let mut hasher = MultiHasher::new(algorithms);
    for segment in splice.segments() {
        match segment {
            Segment::Literal(bytes) => hasher.update(bytes),
            Segment::Blob { offset, len } => {
                let end = offset.checked_add(*len).ok_or(io::ErrorKind::UnexpectedEof)?;
                for_each_chunk(source, *offset..end, &mut |bytes| hasher.update(bytes))?;
            }
        }
    }
    Ok(hasher.finish())
}

/// Feeds `range` of the source to `take`, in order, a chunk at a time.
pub(crate) fn for_each_chunk(source: &dyn ReadAt, range: std::ops::Range<u64>, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    if range.end > source.size() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut at = range.start;
    let mut buf = vec![0; usize::try_from(range.end.saturating_sub(at)).unwrap_or(CHUNK).min(CHUNK)];
    while at < range.end {
        let len = usize::try_from(range.end - at).unwrap_or(CHUNK).min(CHUNK);
        source.read_exact_at(at, &mut buf[..len])?;
        take(&buf[..len]);
        at += len as u64;
    }
    Ok(())
}
