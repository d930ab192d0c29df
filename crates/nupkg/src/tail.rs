//! A window on a blob of which only some ranges are at hand.
//!
//! No I/O of its own: a read outside what was fetched fails and names the missing range. An async caller loops: parse, fetch
//! what [`missing_range`] says, parse again.

use crate::{Error, ReadAt};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

/// The fetched ranges of a blob of known size.
#[derive(Debug, Clone)]
pub struct Tail {
    size: u64,
    ranges: BTreeMap<u64, Bytes>,
}

impl Tail {
    /// A blob of `size` bytes, nothing fetched.
    pub fn new(size: u64) -> Self {
        Self { size, ranges: BTreeMap::new() }
    }

    /// Adds bytes fetched at `offset`. What reaches past the blob's end is cut off.
    pub fn insert(&mut self, offset: u64, mut bytes: Bytes) {
        let room = self.size.saturating_sub(offset);
        bytes.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        // A shorter range at the same place would hide what is there.
        if !bytes.is_empty() && self.ranges.get(&offset).is_none_or(|there| there.len() < bytes.len()) {
            self.ranges.insert(offset, bytes);
        }
    }

    /// How many bytes from `at` on are there in one range.
    fn run(&self, at: u64) -> Option<&[u8]> {
        // Ranges may overlap, so the nearest start need not be the one that reaches `at`.
        self.ranges.range(..=at).rev().find_map(|(start, bytes)| {
            let skip = usize::try_from(at - start).ok()?;
            bytes.get(skip..).filter(|rest| !rest.is_empty())
        })
    }
}

impl ReadAt for Tail {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64).filter(|end| *end <= self.size).ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut filled = 0;
        while filled < buf.len() {
            let at = offset + filled as u64;
            let Some(run) = self.run(at) else {
                return Err(io::Error::other(MissingRange { offset: at, len: end - at }));
            };
            let take = run.len().min(buf.len() - filled);
            buf[filled..filled + take].copy_from_slice(&run[..take]);
            filled += take;
        }
        Ok(())
    }
}

/// The range that a read of a [`Tail`] lacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{len} bytes at {offset} have not been fetched")]
pub struct MissingRange {
    /// Where it starts.
    pub offset: u64,
    /// How many bytes it has.
    pub len: u64,
}

impl MissingRange {
    /// The range inside an I/O error of a [`Tail`].
    pub fn of(error: &io::Error) -> Option<Range<u64>> {
        let missing = error.get_ref()?.downcast_ref::<Self>()?;
        Some(missing.offset..missing.offset + missing.len)
    }
}

/// The range to fetch before trying again, when that is why `error` happened.
pub fn missing_range(error: &Error) -> Option<Range<u64>> {
    match error {
        Error::Read(failure) => failure.missing(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_named() {
        let mut tail = Tail::new(100);
        let mut buf = [0; 10];
        let missing = |tail: &Tail, buf: &mut [u8]| MissingRange::of(&tail.read_exact_at(60, buf).unwrap_err());
        assert_eq!(missing(&tail, &mut buf), Some(60..70));
        tail.insert(58, Bytes::from_static(&[7; 6]));
        assert_eq!(missing(&tail, &mut buf), Some(64..70));
        tail.insert(64, Bytes::from_static(&[8; 40]));
        tail.insert(64, Bytes::from_static(&[9; 1]));
        tail.read_exact_at(60, &mut buf).unwrap();
        assert_eq!(buf, [7, 7, 7, 7, 8, 8, 8, 8, 8, 8]);
        assert_eq!(tail.read_exact_at(95, &mut buf).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn overlapping_ranges_are_one() {
        let mut tail = Tail::new(10);
        tail.insert(0, Bytes::from_static(b"0123456789"));
        tail.insert(2, Bytes::from_static(b"2"));
        let mut buf = [0; 10];
        tail.read_exact_at(0, &mut buf).unwrap();
        assert_eq!(&buf, b"0123456789");
    }
}
