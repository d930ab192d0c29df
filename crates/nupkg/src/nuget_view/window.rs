//! A buffered look at a source, for reading many small records in a row.

use super::Fault;
use crate::ReadAt;

/// Bytes read ahead.
const AHEAD: u64 = 64 * 1024;

pub(super) struct Window<'a> {
    source: &'a dyn ReadAt,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    pub(super) fn new(source: &'a dyn ReadAt) -> Self {
        Self { source, start: 0, bytes: Vec::new() }
    }

    /// The `len` bytes at `at`.
    pub(super) fn get(&mut self, at: u64, len: usize) -> Result<&[u8], Fault> {
        let end = at.checked_add(len as u64).filter(|end| *end <= self.source.size()).ok_or(Fault::EndOfStream)?;
        if at < self.start || end > self.start + self.bytes.len() as u64 {
            let take = (self.source.size() - at).min(AHEAD.max(len as u64));
            self.bytes.resize(usize::try_from(take).map_err(|_| Fault::EndOfStream)?, 0);
            self.start = at;
            if let Err(error) = self.source.read_exact_at(at, &mut self.bytes) {
                self.bytes.clear();
                return Err(error.into());
            }
        }
        // Inside: both ends were held against what is there.
        let from = usize::try_from(at - self.start).unwrap_or(usize::MAX);
        Ok(&self.bytes[from..from + len])
    }
}
