//! .NET's `ZipArchive` in read mode: what it refuses, and whether it has an entry `.signature.p7s` (spec 1.3).

use super::window::Window;
use super::{Fault, Gate};
use crate::ReadAt;
use crate::record::{
    CENTRAL_LEN, CentralHeader, END_LEN, END_MAGIC, EndRecord, MAX_COMMENT, SIGNATURE_NAME, ZIP64_END_MAGIC, ZIP64_EXTRA,
    ZIP64_LOCATOR_LEN, ZIP64_LOCATOR_MAGIC, u16_at, u64_at,
};

/// Length of a zip64 end record without its extensible data.
const ZIP64_END_LEN: usize = 56;

const NO_END: Fault = Fault::InvalidData("no end of central directory record");
const CORRUPT: Fault = Fault::InvalidData("the central directory is corrupt");
const SPANNED: Fault = Fault::InvalidData("split or spanned archives are not supported");
const COUNT: Fault = Fault::InvalidData("the number of entries is not what the end record says");

pub(super) fn open(source: &dyn ReadAt) -> Result<Gate, Fault> {
    // What ends too early in here is invalid data to .NET.
    let found = read(source).map_err(|fault| match fault {
        Fault::EndOfStream => CORRUPT,
        other => other,
    })?;
    Ok(if found { Gate::Signed } else { Gate::Unsigned })
}

fn read(source: &dyn ReadAt) -> Result<bool, Fault> {
    let position = find_end(source)?;
    let mut window = Window::new(source);
    let end = match window.get(position, END_LEN)?.first_chunk::<END_LEN>() {
        Some(fixed) => EndRecord::parse(fixed),
        None => return Err(CORRUPT),
    };
    if position + END_LEN as u64 + u64::from(end.comment_len) > source.size() {
        return Err(CORRUPT);
    }
    if end.this_disk != end.directory_disk || end.entries_this_disk != end.entries_total {
        return Err(SPANNED);
    }
    let mut start = u64::from(end.directory_offset);
    let mut expected = u64::from(end.entries_total);
    if (end.this_disk == u16::MAX || end.directory_offset == u32::MAX || end.entries_total == u16::MAX)
        && let Some((zip64_start, zip64_entries)) = read_zip64_end(&mut window, position)?
    {
        (start, expected) = (zip64_start, zip64_entries);
    }
    if start > source.size() {
        return Err(CORRUPT);
    }
    read_entries(&mut window, source.size(), start, expected)
}

/// The last end-record signature that leaves room for the record, within 64 KiB of the end.
fn find_end(source: &dyn ReadAt) -> Result<u64, Fault> {
    let last = source.size().checked_sub(END_LEN as u64).ok_or(NO_END)?;
    let first = last.saturating_sub(MAX_COMMENT as u64);
    let len = last - first + END_MAGIC.len() as u64;
    let mut bytes = vec![0; usize::try_from(len).map_err(|_| NO_END)?];
    source.read_exact_at(first, &mut bytes)?;
    let found = bytes.windows(END_MAGIC.len()).rposition(|four| four == END_MAGIC).ok_or(NO_END)?;
    Ok(first + found as u64)
}

/// Directory offset and entry count of the zip64 end record, where a locator stands before the end record.
fn read_zip64_end(window: &mut Window<'_>, position: u64) -> Result<Option<(u64, u64)>, Fault> {
    let at = position.checked_sub(ZIP64_LOCATOR_LEN as u64).ok_or(CORRUPT)?;
    let locator = window.get(at, ZIP64_LOCATOR_LEN)?;
    if !locator.starts_with(&ZIP64_LOCATOR_MAGIC) {
        return Ok(None);
    }
    let offset = positive(u64_at(locator, 8))?;
    let record = window.get(offset, ZIP64_END_LEN)?;
    if !record.starts_with(&ZIP64_END_MAGIC) {
        return Err(CORRUPT);
    }
    let (on_disk, total, start) = (u64_at(record, 24), positive(u64_at(record, 32))?, positive(u64_at(record, 48))?);
    if on_disk != total {
        return Err(SPANNED);
    }
    Ok(Some((start, total)))
}

/// Walks the directory for as long as there are headers; as many as expected must be there.
fn read_entries(window: &mut Window<'_>, size: u64, start: u64, expected: u64) -> Result<bool, Fault> {
    let (mut at, mut count, mut signed) = (start, 0_u64, false);
    while size - at >= CENTRAL_LEN as u64 {
        let Some(header) = CentralHeader::parse(window.get(at, CENTRAL_LEN)?) else {
            break;
        };
        count += 1;
        if count > expected {
            return Err(COUNT);
        }
        let variable = window.get(at + CENTRAL_LEN as u64, header.variable_len())?;
        let (name, rest) = variable.split_at(usize::from(header.name_len));
        signed |= name == SIGNATURE_NAME;
        check_zip64_field(&header, &rest[..usize::from(header.extra_len)])?;
        at += header.len() as u64;
    }
    if count == expected { Ok(signed) } else { Err(COUNT) }
}

/// .NET reads the zip64 field of an entry when it opens the archive, and takes no negative numbers in it.
fn check_zip64_field(header: &CentralHeader, mut extra: &[u8]) -> Result<(), Fault> {
    while extra.len() >= 4 {
        let (id, len) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let Some(mut data) = extra.get(4..4 + len) else {
            return Ok(());
        };
        if id == ZIP64_EXTRA {
            // A field of full length has all numbers, a shorter one those whose place in the header is all ones.
            let all = len >= 28;
            for present in [header.uncompressed_size, header.compressed_size, header.local_offset].map(|value| value == u32::MAX) {
                if !present && !all {
                    continue;
                }
                let Some((number, rest)) = data.split_first_chunk::<8>() else {
                    return Ok(());
                };
                if present {
                    positive(u64::from_le_bytes(*number))?;
                }
                data = rest;
            }
            return Ok(());
        }
        extra = &extra[4 + len..];
    }
    Ok(())
}

fn positive(value: u64) -> Result<u64, Fault> {
    if i64::try_from(value).is_ok() { Ok(value) } else { Err(Fault::InvalidData("a zip64 number is too large")) }
}
