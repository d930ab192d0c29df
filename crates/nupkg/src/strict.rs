//! What may be signed: our own rules beside NuGet's (spec 1.11).
//!
//! NuGet's signer takes archives that fail to verify afterwards, and archives in which two readers see different packages.
//! [`Layout::check_signable`] decides by the directory; [`Layout::check_local_headers`], for whoever has the whole file,
//! holds every local header against it.

mod local;
mod names;

use crate::layout::MAX_ENTRIES;
use crate::record::{DESCRIPTOR_MAGIC, END_LEN, END_MAGIC, Extra, FLAG_UTF8, LOCAL_LEN, SIGNATURE_NAME, scan_extra};
use crate::signature_entry::check_entry;
use crate::{Error, Layout, Limits, Malformed, ReadAt, SignatureFault};
pub(crate) use names::is_root_nuspec;

impl Layout {
    /// Whether the package may be signed, as far as the directory and the signature's own local header show.
    ///
    /// An archive that passes is one run of entries from the first byte on, then the directory, then the end record and its
    /// comment, and nothing else; what NuGet's parser reads in it is what any other reads.
    pub fn check_signable(&self, source: &dyn ReadAt, limits: &Limits) -> Result<(), Error> {
        self.check_zip64()?;
        self.check_counts(limits)?;
        self.check_end()?;
        self.check_extents()?;
        names::check(self, limits)?;
        self.check_signature_entry(source, limits)?;
        // NuGet's signer takes no archive that is empty once its signature is out.
        if self.content_count() == 0 { Err(Error::Malformed(Malformed::Empty)) } else { Ok(()) }
    }

    fn check_zip64(&self) -> Result<(), Error> {
        if self.has_zip64_end() {
            return Err(Error::Zip64);
        }
        for entry in self.entries() {
            check_extra(&entry.extra)?;
        }
        Ok(())
    }

    fn check_counts(&self, limits: &Limits) -> Result<(), Error> {
        let limit = (limits.entries as u64).min(MAX_ENTRIES);
        let count = self.content_count() as u64;
        if count > limit {
            return Err(Error::TooManyEntries { count, limit });
        }
        let directory = self.directory();
        let len = directory.end - directory.start;
        if len > limits.directory_bytes {
            return Err(Error::DirectoryTooLarge { len, limit: limits.directory_bytes });
        }
        let end = self.end_record();
        let agree = end.this_disk == end.directory_disk
            && end.entries_this_disk == end.entries_total
            && usize::from(end.entries_total) == self.entries().len()
            && u64::from(end.directory_size) == len;
        if agree { Ok(()) } else { Err(Error::Counts) }
    }

    /// Nothing between directory and end record, nothing behind it, and no second end record in its comment.
    fn check_end(&self) -> Result<(), Error> {
        let (at, position) = (self.directory().end, self.end_record_position());
        if at != position {
            return Err(Error::Gap { at, len: position - at });
        }
        let behind = self.end_bytes();
        if behind[1..].windows(END_MAGIC.len()).any(|four| four == END_MAGIC) {
            return Err(Error::Comment);
        }
        let expected = END_LEN + usize::from(self.end_record().comment_len);
        match behind.len().checked_sub(expected) {
            None => Err(Error::Malformed(Malformed::EndRecordCutOff)),
            Some(0) => Ok(()),
            Some(len) => Err(Error::Trailing { len: len as u64 }),
        }
    }

    /// Entries stand side by side: none overlaps the next, and what is behind one's data can be its descriptor.
    fn check_extents(&self) -> Result<(), Error> {
        let first = self.entries_by_offset().next().map_or(0, |entry| entry.local_offset);
        if first != 0 {
            return Err(Error::Prefix { len: first });
        }
        for entry in self.entries_by_offset() {
            let least = LOCAL_LEN as u64 + entry.name.len() as u64 + u64::from(entry.compressed_size);
            if entry.local_len < least {
                return Err(Error::Overlap { at: entry.local_offset });
            }
            // The local extra fields, of unknown length here, and a descriptor.
            let most = least + u64::from(u16::MAX) + (DESCRIPTOR_MAGIC.len() + 12) as u64;
            if entry.local_len > most {
                return Err(Error::Gap { at: entry.local_offset + most, len: entry.local_len - most });
            }
        }
        Ok(())
    }

    /// The rules of spec 1.5, that both headers agree, and that nothing hides behind the signature, outside every hash.
    fn check_signature_entry(&self, source: &dyn ReadAt, limits: &Limits) -> Result<(), Error> {
        if self.entries().iter().any(|entry| entry.name == SIGNATURE_NAME && entry.flags & FLAG_UTF8 != 0) {
            return Err(Error::SignatureEntry(SignatureFault::Utf8Name));
        }
        let Some(entry) = self.signature_entry() else {
            return Ok(());
        };
        let local = check_entry(entry, source)?;
        let len = u64::from(local.uncompressed_size);
        if entry.local_offset + local.len() + len > self.size() {
            return Err(Error::SignatureEntry(SignatureFault::PastEnd));
        }
        if len > limits.signature_bytes {
            return Err(Error::SignatureTooLarge { len, limit: limits.signature_bytes });
        }
        local::check(source, entry)
    }
}

/// Refuses a zip64 field and an extra block over which NuGet's signer stumbles.
fn check_extra(extra: &[u8]) -> Result<(), Error> {
    match scan_extra(extra) {
        Extra::Plain => Ok(()),
        Extra::Zip64 => Err(Error::Zip64),
        Extra::CutOff => Err(Error::Malformed(Malformed::ExtraField)),
    }
}
