//! Finding the end of central directory record, as NuGet's own parser does (spec 1.4).

use crate::record::{END_LEN, END_MAGIC, EndRecord, MAX_COMMENT, ZIP64_LOCATOR_LEN, ZIP64_LOCATOR_MAGIC};
use crate::{Error, Malformed, ReadAt};
use bytes::Bytes;

/// Windows to look in, growing: nearly every package has no comment. .NET looks no further than the last.
const WINDOWS: [usize; 3] = [END_LEN, 4096, END_LEN + MAX_COMMENT];

/// The end record and what surrounds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ending {
    /// Where it starts.
    pub(super) position: u64,
    pub(super) record: EndRecord,
    /// From `position` to the end of the file.
    pub(super) bytes: Bytes,
    /// Whether a zip64 locator stands right before it.
    pub(super) zip64_locator: bool,
    /// Whether it lies inside what another end record before it calls its comment.
    inside_comment: bool,
}

impl Ending {
    pub(super) fn read(source: &dyn ReadAt) -> Result<Self, Error> {
        let (start, window) = find(source)?;
        let found = find_backward(&window).ok_or(Error::Malformed(Malformed::NoEndRecord))?;
        let bytes = window.slice(found..);
        let Some(fixed) = bytes.first_chunk::<END_LEN>() else {
            return Err(Error::Malformed(Malformed::EndRecordCutOff));
        };
        let position = start + found as u64;
        let record = EndRecord::parse(fixed);
        let zip64_locator = match position.checked_sub(ZIP64_LOCATOR_LEN as u64) {
            Some(at) => {
                let mut magic = [0; 4];
                source.read_exact_at(at, &mut magic)?;
                magic == ZIP64_LOCATOR_MAGIC
            }
            None => false,
        };
        let mut ending = Self { position, record, bytes, zip64_locator, inside_comment: false };
        // Only an end record that does not hold water is worth a second look at what stands before it.
        if u64::from(record.directory_offset) + u64::from(record.directory_size) != position {
            ending.inside_comment = inside_comment(source, position)?;
        }
        Ok(ending)
    }

    /// The archive comment, and whatever stands behind it.
    pub(super) fn comment(&self) -> &[u8] {
        &self.bytes[END_LEN..]
    }

    /// The error for a directory that cannot be read: often because the end record is not the real one, or because Zip64
    /// holds the true numbers.
    pub(super) fn unreadable(&self, why: Malformed) -> Error {
        if self.zip64_locator {
            return Error::Zip64;
        }
        self.unless_two(Error::Malformed(why))
    }

    /// `error`, unless the end record is part of another's comment.
    pub(super) fn unless_two(&self, error: Error) -> Error {
        if self.inside_comment { Error::Comment } else { error }
    }
}

/// The smallest window with an end record in it, and where the window starts.
fn find(source: &dyn ReadAt) -> Result<(u64, Bytes), Error> {
    let size = source.size();
    for len in WINDOWS {
        let len = usize::try_from(size).unwrap_or(len).min(len);
        let start = size - len as u64;
        let mut window = vec![0; len];
        source.read_exact_at(start, &mut window)?;
        if find_backward(&window).is_some() {
            return Ok((start, window.into()));
        }
        if start == 0 {
            break;
        }
    }
    Err(Error::Malformed(Malformed::NoEndRecord))
}

/// The start of the end record's signature that NuGet's matcher finds, going backwards.
///
/// On a mismatch the matcher starts anew without testing the byte that did not match, so that one followed by a byte `06` is
/// overlooked (spec 1.4).
fn find_backward(bytes: &[u8]) -> Option<usize> {
    let mut matcher = Matcher::default();
    (0..bytes.len()).rev().find(|at| matcher.step(bytes[*at]))
}

/// NuGet's backward matcher, a byte at a time.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    matched: usize,
}

impl Matcher {
    /// Takes the byte before the last one; whether the signature now begins here.
    pub(crate) fn step(&mut self, byte: u8) -> bool {
        self.matched = if byte == END_MAGIC[END_MAGIC.len() - 1 - self.matched] { self.matched + 1 } else { 0 };
        self.matched == END_MAGIC.len()
    }
}

/// Whether an end record before `position` claims a comment that covers it.
fn inside_comment(source: &dyn ReadAt, position: u64) -> Result<bool, Error> {
    let len = position.min((END_LEN + MAX_COMMENT) as u64);
    let start = position - len;
    let mut before = vec![0; usize::try_from(len).unwrap_or(0)];
    source.read_exact_at(start, &mut before)?;
    let covers = |at: usize| {
        before[at..].first_chunk::<END_LEN>().is_some_and(|fixed| {
            let end = at + END_LEN + usize::from(EndRecord::parse(fixed).comment_len);
            end > before.len()
        })
    };
    Ok((0..before.len()).any(|at| before[at..].starts_with(&END_MAGIC) && covers(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matcher_overlooks_what_nugets_overlooks() {
        let cases: [(&[u8], Option<usize>); 5] = [
            (b"..PK\x05\x06..", Some(2)),
            (b"..PK\x05\x06\x06.", None),
            (b"PK\x05\x06..PK\x05\x06\x06.", Some(0)),
            (b"PK\x05\x06..PK\x05\x06", Some(6)),
            (b"PK\x05", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(find_backward(bytes), expected, "{bytes:?}");
        }
    }
}
