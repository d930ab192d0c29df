//! A splice: a file described as byte ranges of one stored blob and literal bytes between them.
//!
//! It is what signing makes instead of a file. It can be streamed at once, and written back by the store itself.

use bytes::Bytes;
use std::ops::Range;

/// One run of a splice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// These bytes of the source blob: offset and length, in bytes; never empty.
    Blob {
        /// Where the run starts in the source blob.
        offset: u64,
        /// How many bytes it has.
        len: u64,
    },
    /// These very bytes; never empty.
    Literal(Bytes),
}

impl Segment {
    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Blob { len, .. } => *len,
            Self::Literal(bytes) => bytes.len() as u64,
        }
    }

    /// Whether it has no bytes; a splice holds no such segment.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An ordered list of segments over one source blob.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Splice {
    segments: Vec<Segment>,
    len: u64,
}

impl Splice {
    /// The empty splice.
    pub fn new() -> Self {
        Self::default()
    }

    /// The whole of a blob of `len` bytes.
    pub fn whole(len: u64) -> Self {
        let mut splice = Self::new();
        splice.push_blob(0..len);
        splice
    }

    /// Appends a range of the source; joined with the run before it where they touch, dropped when empty.
    pub fn push_blob(&mut self, range: Range<u64>) {
        let added = range.end.saturating_sub(range.start);
        if added == 0 {
            return;
        }
        self.len += added;
        if let Some(Segment::Blob { offset, len }) = self.segments.last_mut()
            && *offset + *len == range.start
        {
            *len += added;
            return;
        }
        self.segments.push(Segment::Blob { offset: range.start, len: added });
    }

    /// Appends literal bytes; dropped when empty. Kept apart from a literal before it, so that a caller can find its own.
    pub fn push_literal(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        if !bytes.is_empty() {
            self.len += bytes.len() as u64;
            self.segments.push(Segment::Literal(bytes));
        }
    }

    /// Appends a segment.
    pub fn push(&mut self, segment: Segment) {
        match segment {
            Segment::Blob { offset, len } => self.push_blob(offset..offset.saturating_add(len)),
            Segment::Literal(bytes) => self.push_literal(bytes),
        }
    }

    /// The segments in order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Length of the described file, in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the described file is empty.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The part of the described file in `range`, cut off at its end.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Self {
        let mut out = Self::new();
        let mut at = 0_u64;
        for segment in &self.segments {
            let (start, end) = (at, at + segment.len());
            at = end;
            let (from, to) = (range.start.max(start), range.end.min(end));
            if from >= to {
                continue;
            }
            match segment {
                Segment::Blob { offset, .. } => out.push_blob(offset + (from - start)..offset + (to - start)),
                // A literal's length is a usize, and so is every offset inside it.
                Segment::Literal(bytes) => {
                    let cut = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
                    out.push_literal(bytes.slice(cut(from - start)..cut(to - start)));
                }
            }
        }
        out
    }
}

impl FromIterator<Segment> for Splice {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        let mut splice = Self::new();
        for segment in segments {
            splice.push(segment);
        }
        splice
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "offsets of a hundred bytes")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn resolve(splice: &Splice, source: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for segment in splice.segments() {
            match segment {
                Segment::Blob { offset, len } => out.extend(&source[*offset as usize..(*offset + *len) as usize]),
                Segment::Literal(bytes) => out.extend(bytes),
            }
        }
        out
    }

    #[test]
    fn touching_ranges_become_one() {
        let mut splice = Splice::new();
        splice.push_blob(0..4);
        splice.push_blob(4..9);
        splice.push_literal(Bytes::new());
        assert_eq!(splice.segments(), [Segment::Blob { offset: 0, len: 9 }]);
        assert_eq!(splice.len(), 9);
    }

    proptest! {
        #[test]
        fn a_slice_is_that_part_of_the_whole(
            parts in proptest::collection::vec(prop_oneof![
                (0_u64..50, 0_u64..50).prop_map(|(offset, len)| Segment::Blob { offset, len }),
                proptest::collection::vec(any::<u8>(), 0..20).prop_map(|b| Segment::Literal(b.into())),
            ], 0..8),
            from in 0_u64..200, len in 0_u64..200,
        ) {
            let source: Vec<u8> = (0..100).collect();
            let splice: Splice = parts.into_iter().collect();
            let whole = resolve(&splice, &source);
            prop_assert_eq!(whole.len() as u64, splice.len());
            let (a, b) = ((from as usize).min(whole.len()), ((from + len) as usize).min(whole.len()));
            let part = splice.slice(from..from + len);
            prop_assert_eq!(resolve(&part, &source), &whole[a..b]);
            prop_assert_eq!(part.len(), (b - a) as u64);
        }
    }
}
