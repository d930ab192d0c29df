//! What the tests share: repeatable randomness, small archives, splices put together.

use bytes::Bytes;
use model::{Segment, Splice};
use std::io::Write as _;
use zip::write::SimpleFileOptions;

/// SplitMix64: the same seed gives the same tests.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap()
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// The numbers below `count` in some order.
    pub(crate) fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for index in (1..count).rev() {
            order.swap(index, self.below(index + 1));
        }
        order
    }

    /// Up to `most` characters of `alphabet`.
    pub(crate) fn text(&mut self, alphabet: &str, most: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..self.below(most + 1)).map(|_| self.pick(&alphabet)).collect()
    }
}

/// An archive of deflated entries.
pub(crate) fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The file that a splice describes.
pub(crate) fn resolve(splice: &Splice, source: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for segment in splice.segments() {
        match segment {
            Segment::Blob { offset, len } => {
                out.extend_from_slice(&source[usize::try_from(*offset).unwrap()..usize::try_from(offset + len).unwrap()]);
            }
            Segment::Literal(bytes) => out.extend_from_slice(bytes),
        }
    }
    assert_eq!(out.len() as u64, splice.len());
    out
}

/// A file's bytes.
pub(crate) fn bytes_of(path: &std::path::Path) -> Bytes {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).into()
}
