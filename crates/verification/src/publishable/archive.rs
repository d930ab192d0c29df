//! The package around the signature: the new entry by spec 1.6 (or the author's, untouched but for CRC and sizes), and the rest, which
//! must be the blob's unsigned form, segment by segment.

use super::{ExpectedKind, Proposal, Refusal, fault, same};
use model::{Segment, Splice};
use nupkg::{Entry, Layout, Limits, ReadAt, SIGNATURE_NAME};
use std::io;

pub(super) fn check(proposal: &Proposal<'_>) -> Result<(), Refusal> {
    let signed = Spliced::new(proposal.splice, proposal.source)?;
    let limits = Limits::default();
    let layout = Layout::read(&signed, &limits).map_err(|e| unreadable(&e))?;
    if signed.size() >= u64::from(u32::MAX) {
        return Err(fault("the signed package is too large"));
    }
    let entry = layout.signature_entry().ok_or_else(|| fault("the signed package has no signature entry"))?;
    let p7s = layout.signature_bytes(&signed, &limits).map_err(|e| unreadable(&e))?;
    same("the signature in the package", &p7s, proposal.p7s)?;
    match proposal.expected.kind {
        ExpectedKind::Primary => new_entry(proposal, &signed, &layout, entry)?,
        ExpectedKind::Countersignature => kept_entry(proposal, &signed, entry)?,
    }
    end_record(&signed, &layout)?;
    let kept = signed.below(&layout.unsigned_form().map_err(|e| unreadable(&e))?)?;
    let blob = proposal.layout.unsigned_form().map_err(|e| unreadable(&e))?;
    if !are_one(&kept, &blob, proposal.source)? {
        return Err(fault("the package without our signature is not the package that was signed"));
    }
    Ok(())
}

fn unreadable(error: &nupkg::Error) -> Refusal {
    fault(format!("the signed package cannot be read: {error}"))
}

/// Local and directory header of an entry of ours, octet by octet; last among the entries and in the directory, nothing behind it.
fn new_entry(proposal: &Proposal<'_>, signed: &Spliced<'_>, layout: &Layout, entry: &Entry) -> Result<(), Refusal> {
    let size = u32::try_from(proposal.p7s.len()).map_err(|_| fault("the signature is too large"))?;
    let offset = u32::try_from(entry.local_offset).map_err(|_| fault("the signature lies too far back"))?;
    let mut shared = vec![20, 0, 0, 0, 0, 0];
    shared.extend(proposal.expected.dos_time.to_le_bytes());
    shared.extend(crc32(proposal.p7s).to_le_bytes());
    shared.extend(size.to_le_bytes());
    shared.extend(size.to_le_bytes());
    shared.extend([14, 0, 0, 0]);
    let local = [b"PK\x03\x04", shared.as_slice(), SIGNATURE_NAME].concat();
    let central = [b"PK\x01\x02\x14\0", shared.as_slice(), &[0; 10], &offset.to_le_bytes(), SIGNATURE_NAME].concat();
    same("the local header of the signature entry", &signed.read(entry.local_offset, local.len())?, &local)?;
    same("the directory header of the signature entry", &signed.read(entry.header_position, central.len())?, &central)?;
    if entry.header_len != central.len() as u64 || entry.local_len != local.len() as u64 + u64::from(size) {
        return Err(fault("the signature entry has other parts"));
    }
    if entry.local_offset + entry.local_len != layout.directory().start
        || entry.header_position + entry.header_len != layout.directory().end
    {
        return Err(fault("the signature entry is not the last"));
    }
    Ok(())
}

/// Counts, size and place of the directory; the rest of the end record is part of the unsigned form.
fn end_record(signed: &Spliced<'_>, layout: &Layout) -> Result<(), Refusal> {
    let too_large = |_| fault("the directory is too large");
    let count = u16::try_from(layout.entries().len()).map_err(too_large)?.to_le_bytes();
    let directory = layout.directory();
    let size = u32::try_from(directory.end - directory.start).map_err(too_large)?.to_le_bytes();
    let offset = u32::try_from(directory.start).map_err(too_large)?.to_le_bytes();
    if layout.end_record_position() != directory.end {
        return Err(fault("bytes stand between the directory and the end record"));
    }
    let fields = [&count[..], &count, &size, &offset].concat();
    same("the end record", &signed.read(layout.end_record_position() + 8, fields.len())?, &fields)
}

/// The entry that the blob has, in its place, with other CRC and sizes.
fn kept_entry(proposal: &Proposal<'_>, signed: &Spliced<'_>, entry: &Entry) -> Result<(), Refusal> {
    let before = proposal.layout.signature_entry().ok_or_else(|| fault("there was no signature to countersign"))?;
    let sizes = |size: usize| u32::try_from(size).map_err(|_| fault("the signature is too large"));
    let (old, new) = (u64::from(before.uncompressed_size), sizes(proposal.p7s.len())?);
    let header = usize::try_from(before.local_len.saturating_sub(old)).map_err(|_| fault("the signature entry cannot be read"))?;
    let fields = [crc32(proposal.p7s).to_le_bytes(), new.to_le_bytes(), new.to_le_bytes()].concat();
    let mut local = read(proposal.source, before.local_offset, header)?;
    let mut central = read(proposal.source, before.header_position, usize::try_from(before.header_len).unwrap_or(usize::MAX))?;
    for (place, bytes) in [(14, &mut local), (16, &mut central)] {
        bytes.get_mut(place..place + 12).ok_or_else(|| fault("the signature entry is cut short"))?.copy_from_slice(&fields);
    }
    if entry.local_offset != before.local_offset
        || entry.local_len != header as u64 + u64::from(new)
        || entry.header_len != before.header_len
    {
        return Err(fault("the signature entry was moved"));
    }
    same("the local header of the signature entry", &signed.read(entry.local_offset, local.len())?, &local)?;
    same("the directory header of the signature entry", &signed.read(entry.header_position, central.len())?, &central)
}

/// Whether two splices over one source describe the same bytes: range for range, and where one has bytes of its own, by content.
fn are_one(a: &Splice, b: &Splice, source: &dyn ReadAt) -> Result<bool, Refusal> {
    if a.len() != b.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (a.segments().to_vec(), b.segments().to_vec());
    left.reverse();
    right.reverse();
    while let (Some(x), Some(y)) = (left.pop(), right.pop()) {
        let take = x.len().min(y.len());
        let (x, x_rest) = split(x, take);
        let (y, y_rest) = split(y, take);
        left.extend(x_rest);
        right.extend(y_rest);
        let equal = match (&x, &y) {
            (Segment::Blob { offset: x, .. }, Segment::Blob { offset: y, .. }) if x == y => true,
            // Two ranges of the blob are never read to be compared: entries are gigabytes, and no edit moves them.
            (Segment::Blob { .. }, Segment::Blob { .. }) => false,
            (Segment::Literal(x), Segment::Literal(y)) => x == y,
            (Segment::Literal(bytes), Segment::Blob { offset, .. }) | (Segment::Blob { offset, .. }, Segment::Literal(bytes)) => {
                read(source, *offset, bytes.len())? == *bytes
            }
        };
        if !equal {
            return Ok(false);
        }
    }
    Ok(true)
}

fn split(segment: Segment, at: u64) -> (Segment, Option<Segment>) {
    if at == segment.len() {
        return (segment, None);
    }
    match segment {
        Segment::Blob { offset, len } => (Segment::Blob { offset, len: at }, Some(Segment::Blob { offset: offset + at, len: len - at })),
        Segment::Literal(bytes) => {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            (Segment::Literal(bytes.slice(..at)), Some(Segment::Literal(bytes.slice(at..))))
        }
    }
}

fn read(source: &dyn ReadAt, offset: u64, len: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = vec![0; len];
    source.read_exact_at(offset, &mut bytes).map_err(|error| fault(format!("the package cannot be read: {error}")))?;
    Ok(bytes)
}

/// A splice as the file that it describes.
struct Spliced<'a> {
    splice: &'a Splice,
    source: &'a dyn ReadAt,
}

impl<'a> Spliced<'a> {
    fn new(splice: &'a Splice, source: &'a dyn ReadAt) -> Result<Self, Refusal> {
        for segment in splice.segments() {
            if let Segment::Blob { offset, len } = segment
                && offset.checked_add(*len).is_none_or(|end| end > source.size())
            {
                return Err(fault("the splice reaches past the end of its blob"));
            }
        }
        Ok(Self { splice, source })
    }

    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, Refusal> {
        read(self, offset, len)
    }

    /// A splice over this file as one over the source.
    fn below(&self, upper: &Splice) -> Result<Splice, Refusal> {
        let mut out = Splice::new();
        for segment in upper.segments() {
            match segment {
                Segment::Literal(bytes) => out.push_literal(bytes.clone()),
                Segment::Blob { offset, len } => {
                    let end = offset.checked_add(*len).ok_or_else(|| fault("the splice is too long"))?;
                    for inner in self.splice.slice(*offset..end).segments() {
                        out.push(inner.clone());
                    }
                }
            }
        }
        Ok(out)
    }
}

impl ReadAt for Spliced<'_> {
    fn size(&self) -> u64 {
        self.splice.len()
    }

    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64).filter(|end| *end <= self.size()).ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut left = buf;
        for segment in self.splice.slice(offset..end).segments() {
            let len = usize::try_from(segment.len()).map_err(io::Error::other)?;
            let (part, rest) = left.split_at_mut_checked(len).ok_or(io::ErrorKind::UnexpectedEof)?;
            match segment {
                Segment::Blob { offset, .. } => self.source.read_exact_at(*offset, part)?,
                Segment::Literal(bytes) => part.copy_from_slice(bytes),
            }
            left = rest;
        }
        Ok(())
    }
}

/// The CRC of ZIP, a bit at a time: signatures are short.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_of_the_check_string() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn splices_are_compared_by_range_and_by_content() {
        let source: Vec<u8> = (0..50).collect();
        let splice = |parts: &[Segment]| parts.iter().cloned().collect::<Splice>();
        let blob = |offset, len| Segment::Blob { offset, len };
        let bytes = |range: std::ops::Range<u8>| Segment::Literal(range.collect::<Vec<u8>>().into());
        let one = |a: &Splice, b: &Splice| are_one(a, b, &source).unwrap();
        assert!(one(&splice(&[blob(0, 10), bytes(10..20), blob(20, 5)]), &splice(&[blob(0, 25)])));
        assert!(!one(&splice(&[blob(0, 10), bytes(11..21), blob(20, 5)]), &splice(&[blob(0, 25)])));
        assert!(!one(&splice(&[blob(0, 24)]), &splice(&[blob(0, 25)])));
        assert!(!one(&splice(&[blob(1, 25)]), &splice(&[blob(0, 25)])));
    }
}
