//! Putting a signature in and taking it out: splices over the original bytes (spec 1.6 to 1.8).
//!
//! Every other byte stays what it was, but for the offsets of entries that move and four fields of the end record. Meant for
//! layouts that passed [`Layout::check_signable`]; what would make the answer wrong is refused here again.

use crate::record::{CENTRAL_LEN, CENTRAL_MAGIC, END_LEN, LOCAL_LEN, LOCAL_MAGIC, SIGNATURE_NAME};
use crate::{Entry, Error, Layout, SignatureFault};
use bytes::Bytes;
use model::Splice;
use std::ops::Range;

/// Version 2.0, for "made by" and "needed".
const VERSION: u16 = 20;
/// Length of the signature's local header as NuGet writes it.
const LOCAL_HEADER: usize = LOCAL_LEN + SIGNATURE_NAME.len();
/// Length of its directory header.
const CENTRAL_HEADER: usize = CENTRAL_LEN + SIGNATURE_NAME.len();

impl Layout {
    /// The bytes whose digest a signature names (spec 2.2): the whole file when it is not signed.
    ///
    /// Where the signature is not the last entry, the offsets of those behind it are mended, as the hash demands.
    pub fn unsigned_form(&self) -> Result<Splice, Error> {
        if !self.is_signed() {
            return Ok(Splice::whole(self.size()));
        }
        let cut = Cut::of(self)?;
        let mut splice = Splice::new();
        cut.push_entries(&mut splice);
        cut.push_directory(&mut splice)?;
        let end =
            EndFields { entries: self.entries().len() as u64 - 1, directory_len: cut.directory_len(), directory_offset: cut.entries_len() };
        self.push_end(&mut splice, &end)?;
        Ok(splice)
    }

    /// The package with `p7s` as its signature, the one it has taken out first: the bytes that NuGet's signer writes (spec 1.7).
    pub fn sign(&self, p7s: &[u8], dos_time: u32) -> Result<Splice, Error> {
        let cut = Cut::of(self)?;
        let headers = NewHeaders::of(p7s, dos_time, cut.entries_len())?;
        let mut splice = Splice::new();
        cut.push_entries(&mut splice);
        splice.push_literal(headers.local);
        splice.push_literal(Bytes::copy_from_slice(p7s));
        let directory_offset = splice.len();
        cut.push_directory(&mut splice)?;
        splice.push_literal(headers.central);
        let end = EndFields {
            entries: self.content_count() as u64 + 1,
            directory_len: cut.directory_len() + CENTRAL_HEADER as u64,
            directory_offset,
        };
        self.push_end(&mut splice, &end)?;
        Ok(splice)
    }

    /// The package with `p7s` in the place of the signature it has: the entry keeps its place and every header field but CRC
    /// and sizes. Needs a layout that passed [`Layout::check_signable`], which makes sure that nothing stands behind the old
    /// signature's bytes.
    pub fn replace_signature(&self, p7s: &[u8]) -> Result<Splice, Error> {
        let entry = self.signature_entry().ok_or(Error::NotSigned)?;
        self.check_editable()?;
        let size = fit(p7s.len() as u64)?;
        let old = u64::from(entry.uncompressed_size);
        let data = entry.local_end().checked_sub(old).ok_or(Error::SignatureEntry(SignatureFault::PastEnd))?;
        if entry.compressed_size != entry.uncompressed_size || data < entry.local_offset + LOCAL_HEADER as u64 {
            return Err(Error::SignatureEntry(SignatureFault::Sizes));
        }
        let mut fields = Vec::with_capacity(12);
        fields.extend(crc32fast::hash(p7s).to_le_bytes());
        fields.extend(size.to_le_bytes());
        fields.extend(size.to_le_bytes());
        let fields = Bytes::from(fields);

        let mut splice = Splice::new();
        // CRC and sizes are the twelve bytes from 14 on in the local header, from 16 on in the directory's.
        splice.push_blob(0..entry.local_offset + 14);
        splice.push_literal(fields.clone());
        splice.push_blob(entry.local_offset + 26..data);
        splice.push_literal(Bytes::copy_from_slice(p7s));
        splice.push_blob(entry.local_end()..self.directory().start);
        let directory_offset = splice.len();
        let moved = |offset: u64| offset - old + u64::from(size);
        for header in self.entries() {
            let (from, to) = (header.header_position, header.header_position + header.header_len);
            if header.header_position == entry.header_position {
                splice.push_blob(from..from + 16);
                splice.push_literal(fields.clone());
                splice.push_blob(from + 28..to);
            } else if header.local_offset > entry.local_offset {
                push_header(&mut splice, header, moved(header.local_offset))?;
            } else {
                splice.push_blob(from..to);
            }
        }
        let directory = self.directory();
        let end = EndFields { entries: self.entries().len() as u64, directory_len: directory.end - directory.start, directory_offset };
        self.push_end(&mut splice, &end)?;
        Ok(splice)
    }

    /// Refuses archives whose edited form would not be what it is taken for (spec 1.7, 1.8, 2.3).
    fn check_editable(&self) -> Result<(), Error> {
        let (at, position) = (self.directory().end, self.end_record_position());
        if at != position {
            return Err(Error::Gap { at, len: position - at });
        }
        // Extents run from offset to offset, so a first one at 0 and none empty means that they tile.
        for (index, entry) in self.entries_by_offset().enumerate() {
            if index == 0 && entry.local_offset != 0 {
                return Err(Error::Prefix { len: entry.local_offset });
            }
            if entry.local_len == 0 {
                return Err(Error::Overlap { at: entry.local_offset });
            }
        }
        Ok(())
    }

    /// The end record with these fields, and its comment.
    fn push_end(&self, splice: &mut Splice, fields: &EndFields) -> Result<(), Error> {
        let count = u16::try_from(fields.entries).ok().filter(|count| *count < u16::MAX).ok_or(Error::NeedsZip64)?;
        let mut record = self.end_bytes()[..END_LEN].to_vec();
        record[8..10].copy_from_slice(&count.to_le_bytes());
        record[10..12].copy_from_slice(&count.to_le_bytes());
        record[12..16].copy_from_slice(&fit(fields.directory_len)?.to_le_bytes());
        record[16..20].copy_from_slice(&fit(fields.directory_offset)?.to_le_bytes());
        splice.push_literal(record);
        splice.push_blob(self.end_record_position() + END_LEN as u64..self.size());
        Ok(())
    }
}

/// The new values of an end record.
struct EndFields {
    entries: u64,
    directory_len: u64,
    directory_offset: u64,
}

/// A layout with the extent of its signature taken out, if it has one.
struct Cut<'a> {
    layout: &'a Layout,
    signature: Option<&'a Entry>,
}

impl<'a> Cut<'a> {
    fn of(layout: &'a Layout) -> Result<Self, Error> {
        layout.check_editable()?;
        Ok(Self { layout, signature: layout.signature_entry() })
    }

    fn removed(&self) -> Range<u64> {
        self.signature.map_or(0..0, |entry| entry.local_offset..entry.local_end())
    }

    /// Bytes of all entries that stay.
    fn entries_len(&self) -> u64 {
        let removed = self.removed();
        self.layout.directory().start - (removed.end - removed.start)
    }

    /// Bytes of all directory headers that stay.
    fn directory_len(&self) -> u64 {
        let directory = self.layout.directory();
        directory.end - directory.start - self.signature.map_or(0, |entry| entry.header_len)
    }

    fn push_entries(&self, splice: &mut Splice) {
        let removed = self.removed();
        splice.push_blob(0..removed.start);
        splice.push_blob(removed.end..self.layout.directory().start);
    }

    fn push_directory(&self, splice: &mut Splice) -> Result<(), Error> {
        let Some(signature) = self.signature else {
            splice.push_blob(self.layout.directory());
            return Ok(());
        };
        for entry in self.layout.entries() {
            if entry.header_position == signature.header_position {
                continue;
            }
            if entry.local_offset > signature.local_offset {
                push_header(splice, entry, entry.local_offset - signature.local_len)?;
            } else {
                splice.push_blob(entry.header_position..entry.header_position + entry.header_len);
            }
        }
        Ok(())
    }
}

/// A directory header with another local offset.
fn push_header(splice: &mut Splice, entry: &Entry, local_offset: u64) -> Result<(), Error> {
    let (from, to) = (entry.header_position, entry.header_position + entry.header_len);
    splice.push_blob(from..from + 42);
    splice.push_literal(fit(local_offset)?.to_le_bytes().to_vec());
    splice.push_blob(from + CENTRAL_LEN as u64..to);
    Ok(())
}

/// The headers of a new signature entry, field by field as NuGet writes them (spec 1.6).
struct NewHeaders {
    local: Vec<u8>,
    central: Vec<u8>,
}

impl NewHeaders {
    fn of(p7s: &[u8], dos_time: u32, local_offset: u64) -> Result<Self, Error> {
        let size = fit(p7s.len() as u64)?;
        // From "version needed" to the end of the lengths both headers have the same fields.
        let mut shared = Vec::with_capacity(LOCAL_LEN - 4);
        shared.extend(VERSION.to_le_bytes());
        // Flags and method: none, stored.
        shared.extend([0; 4]);
        shared.extend(dos_time.to_le_bytes());
        shared.extend(crc32fast::hash(p7s).to_le_bytes());
        shared.extend(size.to_le_bytes());
        shared.extend(size.to_le_bytes());
        shared.extend([u8::try_from(SIGNATURE_NAME.len()).unwrap_or(0), 0]);
        // No extra fields.
        shared.extend([0; 2]);

        let mut local = Vec::with_capacity(LOCAL_HEADER);
        local.extend(LOCAL_MAGIC);
        local.extend(&shared);
        local.extend(SIGNATURE_NAME);

        let mut central = Vec::with_capacity(CENTRAL_HEADER);
        central.extend(CENTRAL_MAGIC);
        central.extend(VERSION.to_le_bytes());
        central.extend(&shared);
        // No comment, first disk, no internal and no external attributes.
        central.extend([0; 10]);
        central.extend(fit(local_offset)?.to_le_bytes());
        central.extend(SIGNATURE_NAME);
        Ok(Self { local, central })
    }
}

/// `value` as a ZIP field; the largest value would mean "see Zip64".
fn fit(value: u64) -> Result<u32, Error> {
    u32::try_from(value).ok().filter(|value| *value < u32::MAX).ok_or(Error::NeedsZip64)
}

#[cfg(test)]
mod tests;
