//! The exact bytes of a signed archive, and the edge of 4 GiB.

use super::*;
use crate::{Limits, ReadAt};
use model::Segment;
use std::io;

/// One entry `a` of `data_len` bytes, all zero, and the directory behind it; only the ends are in memory.
struct Huge {
    head: Vec<u8>,
    tail_at: u64,
    tail: Vec<u8>,
}

impl Huge {
    fn new(data_len: u32) -> Self {
        let mut head = b"PK\x03\x04\x14\0\0\0\0\0\0\0\x21\0\0\0\0\0".to_vec();
        head.extend(data_len.to_le_bytes());
        head.extend(data_len.to_le_bytes());
        head.extend(b"\x01\0\0\0a");
        let start = 31 + data_len;
        let mut tail = b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\x21\0\0\0\0\0".to_vec();
        tail.extend(data_len.to_le_bytes());
        tail.extend(data_len.to_le_bytes());
        tail.extend(b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a");
        tail.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2f\0\0\0");
        tail.extend(start.to_le_bytes());
        tail.extend([0; 2]);
        Self { head, tail_at: start.into(), tail }
    }

    fn layout(&self) -> Layout {
        let limits = Limits::default();
        let layout = Layout::read(self, &limits).unwrap();
        layout.check_signable(self, &limits).unwrap();
        layout.check_local_headers(self).unwrap();
        layout
    }
}

impl ReadAt for Huge {
    fn size(&self) -> u64 {
        self.tail_at + self.tail.len() as u64
    }

    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        for (at, byte) in (offset..).zip(buf) {
            let (part, from) = if at < self.tail_at { (&self.head, 0) } else { (&self.tail, self.tail_at) };
            *byte = usize::try_from(at - from).ok().and_then(|at| part.get(at)).copied().unwrap_or(0);
        }
        Ok(())
    }
}

#[test]
fn the_bytes_of_a_signed_archive() {
    let splice = Huge::new(3).layout().sign(b"signature", 0x5B78_6841).unwrap();
    let literal = |bytes: &'static [u8]| Segment::Literal(Bytes::from_static(bytes));
    // The CRC-32 of "signature".
    let expected = [
        Segment::Blob { offset: 0, len: 34 },
        literal(b"PK\x03\x04\x14\0\0\0\0\0\x41\x68\x78\x5b\x41\x01\x88\xae\x09\0\0\0\x09\0\0\0\x0e\0\0\0.signature.p7s"),
        literal(b"signature"),
        Segment::Blob { offset: 34, len: 47 },
        literal(
            b"PK\x01\x02\x14\0\x14\0\0\0\0\0\x41\x68\x78\x5b\x41\x01\x88\xae\x09\0\0\0\x09\0\0\0\x0e\0\0\0\0\0\0\0\0\0\0\0\0\0\x22\0\0\0\
              .signature.p7s",
        ),
        literal(b"PK\x05\x06\0\0\0\0\x02\0\x02\0\x6b\0\0\0\x57\0\0\0\0\0"),
    ];
    assert_eq!(splice.segments(), expected);
}

#[test]
fn a_signed_archive_must_fit_without_zip64() {
    // The directory may stand at 0xFFFFFFFE and no further: all ones would mean "see Zip64".
    let most = u32::MAX - 1 - 31 - 44 - 9;
    assert!(Huge::new(most).layout().sign(b"signature", 0).is_ok());
    assert_eq!(Huge::new(most + 1).layout().sign(b"signature", 0), Err(Error::NeedsZip64));
    assert_eq!(Huge::new(most).layout().sign(b"signature+", 0), Err(Error::NeedsZip64));
}
