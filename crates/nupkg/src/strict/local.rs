//! Local headers held against the directory.
//!
//! A reader that streams goes by local headers, one that seeks goes by the directory. They must see the same names and the
//! same content, and every byte before the directory must belong to an entry that both see.

use super::check_extra;
use crate::record::{DESCRIPTOR_MAGIC, FLAG_DESCRIPTOR, FLAG_ENCRYPTED, FLAG_UTF8, LOCAL_LEN, LOCAL_MAGIC, LocalHeader, u32_at};
use crate::{Entry, Error, Layout, Malformed, ReadAt};

/// Length of a data descriptor without its signature.
const DESCRIPTOR_LEN: usize = 12;

impl Layout {
    /// Whether every local header agrees with the directory, and no byte lies outside an entry.
    ///
    /// Reads each local header; meant for whoever has the whole file at hand.
    pub fn check_local_headers(&self, source: &dyn ReadAt) -> Result<(), Error> {
        self.entries_by_offset().try_for_each(|entry| check(source, entry))
    }
}

/// Checks one entry's local header, and what stands behind its data.
pub(super) fn check(source: &dyn ReadAt, entry: &Entry) -> Result<(), Error> {
    let at = entry.local_offset;
    if entry.local_len < LOCAL_LEN as u64 {
        return Err(Error::Overlap { at });
    }
    let mut fixed = [0; LOCAL_LEN];
    source.read_exact_at(at, &mut fixed)?;
    let local = LocalHeader::parse(&fixed).ok_or(Error::Malformed(Malformed::NoLocalHeader))?;
    let end_of_data = at + local.len() + u64::from(entry.compressed_size);
    if end_of_data > entry.local_end() {
        return Err(Error::Overlap { at });
    }
    let mut variable = vec![0; usize::from(local.name_len) + usize::from(local.extra_len)];
    source.read_exact_at(at + LOCAL_LEN as u64, &mut variable)?;
    let (name, extra) = variable.split_at(usize::from(local.name_len));
    check_extra(extra)?;
    if name != entry.name || !agrees(entry, &local) {
        return Err(Error::NamesDiffer { at });
    }
    check_rest(source, entry, end_of_data, local.flags & FLAG_DESCRIPTOR != 0)
}

/// Whether the local header describes the same content. With a descriptor its sizes may be left to that.
fn agrees(entry: &Entry, local: &LocalHeader) -> bool {
    let alike = FLAG_ENCRYPTED | if entry.name.is_ascii() { 0 } else { FLAG_UTF8 };
    let sizes = (local.crc32, local.compressed_size, local.uncompressed_size);
    let left_open = local.flags & FLAG_DESCRIPTOR != 0 && [local.crc32, local.compressed_size, local.uncompressed_size] == [0; 3];
    entry.method == local.method
        && entry.flags & alike == local.flags & alike
        && (left_open || sizes == (entry.crc32, entry.compressed_size, entry.uncompressed_size))
}

/// What stands between an entry's data and the next entry: nothing, or its descriptor where it announced one.
fn check_rest(source: &dyn ReadAt, entry: &Entry, at: u64, descriptor: bool) -> Result<(), Error> {
    let len = entry.local_end() - at;
    if len == 0 {
        return Ok(());
    }
    let mut head = [0; DESCRIPTOR_MAGIC.len() + DESCRIPTOR_LEN];
    let shown = usize::try_from(len).unwrap_or(head.len()).min(head.len());
    let head = &mut head[..shown];
    source.read_exact_at(at, head)?;
    if descriptor {
        let body = head.strip_prefix(&DESCRIPTOR_MAGIC).filter(|_| len == shown as u64).unwrap_or(head);
        let is_one = body.len() == DESCRIPTOR_LEN
            && len <= shown as u64
            && [u32_at(body, 0), u32_at(body, 4), u32_at(body, 8)] == [entry.crc32, entry.compressed_size, entry.uncompressed_size];
        if is_one {
            return Ok(());
        }
    }
    if head.starts_with(&LOCAL_MAGIC) {
        return Err(Error::HiddenEntry { at });
    }
    Err(Error::Gap { at, len })
}
