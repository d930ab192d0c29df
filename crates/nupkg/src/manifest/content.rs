//! Finding the nuspec among the entries, and inflating it within its limit.

use crate::record::{FLAG_ENCRYPTED, LOCAL_LEN, LocalHeader};
use crate::strict::is_root_nuspec;
use crate::{Entry, Error, Layout, Limits, Malformed, MissingRange, ReadAt};
use flate2::read::DeflateDecoder;
use std::io::{self, Read};

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// What deflating may add to content that does not compress, generously.
const DEFLATE_OVERHEAD: u64 = 64 * 1024;

/// The one entry that every reader takes for the nuspec.
pub(super) fn find(layout: &Layout) -> Result<&Entry, Error> {
    let mut found = layout.entries().iter().filter(|entry| is_root_nuspec(&entry.name));
    let (first, second) = (found.next(), found.next());
    match (first, second) {
        (_, Some(_)) => Err(Error::NuspecAmbiguous),
        // NuGet does not look behind a leading separator.
        (Some(entry), None) if !entry.name.iter().any(|b| matches!(b, b'/' | b'\\')) => Ok(entry),
        _ => Err(Error::NuspecMissing),
    }
}

/// The entry's content.
pub(super) fn read(source: &dyn ReadAt, entry: &Entry, limits: &Limits) -> Result<Vec<u8>, Error> {
    let limit = limits.nuspec_bytes;
    let (stored, size) = (u64::from(entry.compressed_size), u64::from(entry.uncompressed_size));
    if size > limit || stored > limit.saturating_add(DEFLATE_OVERHEAD) {
        return Err(Error::NuspecTooLarge { limit });
    }
    let invalid = |reason: &str| Error::NuspecInvalid { reason: reason.to_owned() };
    if entry.flags & FLAG_ENCRYPTED != 0 {
        return Err(invalid("it is encrypted"));
    }
    let mut fixed = [0; LOCAL_LEN];
    source.read_exact_at(entry.local_offset, &mut fixed)?;
    let local = LocalHeader::parse(&fixed).ok_or(Error::Malformed(Malformed::NoLocalHeader))?;
    let start = entry.local_offset + local.len();
    if start + stored > entry.local_end() {
        return Err(Error::Overlap { at: entry.local_offset });
    }
    let packed = Part { source, at: start, end: start + stored };
    let mut content = Vec::new();
    let result = match entry.method {
        STORED => packed.take(limit + 1).read_to_end(&mut content),
        DEFLATED => DeflateDecoder::new(packed).take(limit + 1).read_to_end(&mut content),
        _ => return Err(invalid("it is compressed by a method that is neither deflate nor none")),
    };
    if let Err(error) = result {
        // A window that lacks bytes is not the package's fault.
        return Err(if MissingRange::of(&error).is_some() { error.into() } else { invalid("its compressed data is damaged") });
    }
    if content.len() as u64 > limit {
        return Err(Error::NuspecTooLarge { limit });
    }
    if content.len() as u64 != size {
        return Err(invalid("its size is not what the directory says"));
    }
    Ok(content)
}

/// A range of a source as a stream.
struct Part<'a> {
    source: &'a dyn ReadAt,
    at: u64,
    end: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(buf.len());
        self.source.read_exact_at(self.at, &mut buf[..len])?;
        self.at += len as u64;
        Ok(len)
    }
}
