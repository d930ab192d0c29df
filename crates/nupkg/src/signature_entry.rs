//! Reading `.signature.p7s` by the rules of spec 1.5.

use crate::record::{LOCAL_LEN, LocalHeader};
use crate::{Entry, Error, Layout, Limits, ReadAt, SignatureFault};
use std::io;

impl Layout {
    /// The content of `.signature.p7s`.
    pub fn signature_bytes(&self, source: &dyn ReadAt, limits: &Limits) -> Result<Vec<u8>, Error> {
        let entry = self.signature_entry().ok_or(Error::NotSigned)?;
        let local = check_entry(entry, source)?;
        let len = u64::from(local.uncompressed_size);
        let start = entry.local_offset + local.len();
        if start + len > self.size() {
            return Err(Error::SignatureEntry(SignatureFault::PastEnd));
        }
        if len > limits.signature_bytes {
            return Err(Error::SignatureTooLarge { len, limit: limits.signature_bytes });
        }
        let mut content = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        source.read_exact_at(start, &mut content)?;
        Ok(content)
    }
}

/// The checks of spec 1.5 on both headers of the signature entry; the local one is returned.
pub(crate) fn check_entry(entry: &Entry, source: &dyn ReadAt) -> Result<LocalHeader, Error> {
    let fault = |fault| Err(Error::SignatureEntry(fault));
    if entry.flags != 0 {
        return fault(SignatureFault::Flags);
    }
    if entry.method != 0 {
        return fault(SignatureFault::Compressed);
    }
    if entry.compressed_size != entry.uncompressed_size {
        return fault(SignatureFault::Sizes);
    }
    if entry.external_attributes != 0 {
        return fault(SignatureFault::Attributes);
    }
    let mut fixed = [0; LOCAL_LEN];
    source.read_exact_at(entry.local_offset, &mut fixed).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::SignatureEntry(SignatureFault::PastEnd),
        _ => error.into(),
    })?;
    let Some(local) = LocalHeader::parse(&fixed) else {
        return fault(SignatureFault::NoLocalHeader);
    };
    if local.flags != 0 {
        return fault(SignatureFault::Flags);
    }
    if local.method != 0 {
        return fault(SignatureFault::Compressed);
    }
    if local.compressed_size != local.uncompressed_size {
        return fault(SignatureFault::Sizes);
    }
    Ok(local)
}
