//! The archive as NuGet's own parser sees it (spec 1.4), out of its end: end record and directory, no local header.
//!
//! What is read here may still be unfit for signing: that is [`Layout::check_signable`] and [`Layout::check_local_headers`].

mod end_record;

use crate::record::{CENTRAL_LEN, CentralHeader, EndRecord, Extra, FLAG_UTF8, SIGNATURE_NAME, ZIP64_END_MAGIC, scan_extra};
use crate::{Error, Limits, Malformed, ReadAt, SignatureFault};
use bytes::Bytes;
use end_record::Ending;
pub(crate) use end_record::Matcher;
use std::ops::Range;

/// The most entries that NuGet signs, the signature not counted (spec 1.9).
pub(crate) const MAX_ENTRIES: u64 = 65_533;

/// One entry, as its directory header describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name's bytes.
    pub name: Bytes,
    /// General purpose flags.
    pub flags: u16,
    /// Compression method: 0 stored, 8 deflated.
    pub method: u16,
    /// CRC-32 of the content.
    pub crc32: u32,
    /// Size as stored.
    pub compressed_size: u32,
    /// Size of the content.
    pub uncompressed_size: u32,
    /// External attributes.
    pub external_attributes: u32,
    /// Extra fields of the directory header.
    pub extra: Bytes,
    /// Where the local header starts.
    pub local_offset: u64,
    /// Bytes from there to the next local header or the directory: what NuGet takes for the entry's extent.
    pub local_len: u64,
    /// Where the directory header starts.
    pub header_position: u64,
    /// Length of the directory header.
    pub header_len: u64,
}

impl Entry {
    /// Whether NuGet's own parser takes it for the signature.
    pub fn is_signature(&self) -> bool {
        self.name == SIGNATURE_NAME && self.flags & FLAG_UTF8 == 0
    }

    /// Where its extent ends.
    pub(crate) fn local_end(&self) -> u64 {
        self.local_offset + self.local_len
    }

    /// Its name for people.
    pub(crate) fn display_name(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }
}

/// End record and directory of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    size: u64,
    entries: Vec<Entry>,
    /// Indices of `entries` in order of their local offsets, equal ones in directory order.
    by_offset: Vec<u32>,
    signature: Option<usize>,
    directory: Range<u64>,
    ending: Ending,
    /// The first bytes between directory and end record.
    after_directory: Bytes,
}

impl Layout {
    /// Reads end record and directory; nothing else of the file is touched.
    pub fn read(source: &dyn ReadAt, limits: &Limits) -> Result<Self, Error> {
        let ending = Ending::read(source)?;
        let start = u64::from(ending.record.directory_offset);
        if start >= ending.position {
            return Err(ending.unreadable(Malformed::NoDirectory));
        }
        let len = ending.position - start;
        if len > limits.directory_bytes {
            return Err(ending.unless_two(Error::DirectoryTooLarge { len, limit: limits.directory_bytes }));
        }
        let mut bytes = vec![0; usize::try_from(len).map_err(|_| Error::DirectoryTooLarge { len, limit: limits.directory_bytes })?];
        source.read_exact_at(start, &mut bytes)?;
        let bytes = Bytes::from(bytes);

        let directory = Directory::parse(&bytes, start, limits, &ending)?;
        let end = directory.end;
        let mut layout = Self {
            size: source.size(),
            by_offset: by_offset(&directory.entries),
            entries: directory.entries,
            signature: directory.signature,
            directory: start..end,
            after_directory: bytes.slice(directory.len..(directory.len + 64).min(bytes.len())),
            ending,
        };
        layout.set_extents()?;
        Ok(layout)
    }

    /// Extents come from offsets, not from sizes (spec 1.4): descriptors and gaps belong to the entry before them.
    fn set_extents(&mut self) -> Result<(), Error> {
        let mut next = self.directory.start;
        for index in self.by_offset.iter().rev() {
            let entry = &mut self.entries[*index as usize];
            let Some(len) = next.checked_sub(entry.local_offset) else {
                // The true offset may stand in a zip64 field.
                let zip64 = self.entries.iter().any(|entry| scan_extra(&entry.extra) == Extra::Zip64);
                return Err(if zip64 { Error::Zip64 } else { self.ending.unreadable(Malformed::EntryOutside) });
            };
            entry.local_len = len;
            next = entry.local_offset;
        }
        Ok(())
    }

    /// Size of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The entries, in directory order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries, in order of their local headers.
    pub(crate) fn entries_by_offset(&self) -> impl Iterator<Item = &Entry> {
        self.by_offset.iter().map(|index| &self.entries[*index as usize])
    }

    /// Where the directory headers are.
    pub fn directory(&self) -> Range<u64> {
        self.directory.clone()
    }

    /// Where the end record is.
    pub fn end_record_position(&self) -> u64 {
        self.ending.position
    }

    /// The archive comment, and whatever stands behind it.
    pub fn comment(&self) -> &[u8] {
        self.ending.comment()
    }

    /// The signature entry, as NuGet's own parser finds it.
    pub fn signature_entry(&self) -> Option<&Entry> {
        self.entries.get(self.signature?)
    }

    /// Whether there is a signature entry.
    pub fn is_signed(&self) -> bool {
        self.signature.is_some()
    }

    /// Entries beside the signature.
    pub(crate) fn content_count(&self) -> usize {
        self.entries.len() - usize::from(self.is_signed())
    }

    pub(crate) fn end_record(&self) -> &EndRecord {
        &self.ending.record
    }

    /// The end record's bytes, comment and all that follows included.
    pub(crate) fn end_bytes(&self) -> &Bytes {
        &self.ending.bytes
    }

    /// Whether a zip64 locator or end record stands before the end record.
    pub(crate) fn has_zip64_end(&self) -> bool {
        self.ending.zip64_locator || self.after_directory.starts_with(&ZIP64_END_MAGIC)
    }
}

fn by_offset(entries: &[Entry]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..).take(entries.len()).collect();
    order.sort_by_key(|index| entries[*index as usize].local_offset);
    order
}

/// The headers of a directory, as far as they go.
struct Directory {
    entries: Vec<Entry>,
    signature: Option<usize>,
    len: usize,
    end: u64,
}

impl Directory {
    fn parse(bytes: &Bytes, start: u64, limits: &Limits, ending: &Ending) -> Result<Self, Error> {
        let most = (limits.entries as u64).min(MAX_ENTRIES);
        let mut entries = Vec::new();
        let mut signature = None;
        let mut count = 0_u64;
        let mut at = 0;
        while let Some(header) = bytes.get(at..).and_then(CentralHeader::parse) {
            let end = at + header.len();
            if end > bytes.len() {
                return Err(ending.unreadable(Malformed::HeaderCutOff));
            }
            let name_end = at + CENTRAL_LEN + usize::from(header.name_len);
            if usize::from(header.name_len) > limits.name_bytes {
                return Err(Error::NameTooLong { len: header.name_len.into(), limit: limits.name_bytes as u64 });
            }
            let entry = Entry {
                name: bytes.slice(at + CENTRAL_LEN..name_end),
                flags: header.flags,
                method: header.method,
                crc32: header.crc32,
                compressed_size: header.compressed_size,
                uncompressed_size: header.uncompressed_size,
                external_attributes: header.external_attributes,
                extra: bytes.slice(name_end..name_end + usize::from(header.extra_len)),
                local_offset: header.local_offset.into(),
                local_len: 0,
                header_position: start + at as u64,
                header_len: header.len() as u64,
            };
            if entry.is_signature() {
                if signature.is_some() {
                    return Err(Error::SignatureEntry(SignatureFault::Several));
                }
                signature = Some(entries.len());
                entries.push(entry);
            } else {
                count += 1;
                // Past the limit they are only counted, so that the refusal can say how many there are.
                if count <= most {
                    entries.push(entry);
                }
            }
            at = end;
        }
        if count > most {
            return Err(if ending.zip64_locator { Error::Zip64 } else { Error::TooManyEntries { count, limit: most } });
        }
        if entries.is_empty() {
            return Err(ending.unreadable(Malformed::Empty));
        }
        Ok(Self { entries, signature, len: at, end: start + at as u64 })
    }
}
