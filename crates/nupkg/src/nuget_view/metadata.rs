//! NuGet's own parser (spec 1.4), with what it tolerates.

use super::Fault;
use super::window::Window;
use crate::layout::Matcher;
use crate::record::{CENTRAL_LEN, CENTRAL_MAGIC, CentralHeader, END_LEN, EndRecord, FLAG_UTF8, SIGNATURE_NAME};
use crate::{ReadAt, SignatureFault};

/// More headers than this are refused. NuGet has no limit, but an archive that it can open has more than 65,535 only with Zip64.
const MAX_HEADERS: usize = 1 << 20;

/// A directory header: where it is and what it says.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) position: u64,
    pub(super) len: u64,
    pub(super) offset: u64,
    /// Extent of the entry, by offsets; negative when entry and directory are the wrong way round.
    pub(super) total: i64,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) compressed_size: u32,
    pub(super) uncompressed_size: u32,
    pub(super) external_attributes: u32,
}

/// All headers, and which of them is the signature.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) headers: Vec<Header>,
    signature: usize,
    pub(super) directory_end: u64,
    /// Smallest local offset, the signature's included.
    pub(super) first_local: u64,
}

impl Metadata {
    pub(super) fn read(source: &dyn ReadAt) -> Result<Self, Fault> {
        let position = find_end(source)?;
        let mut window = Window::new(source);
        let end = match window.get(position, END_LEN)?.first_chunk::<END_LEN>() {
            Some(fixed) => EndRecord::parse(fixed),
            None => return Err(Fault::EndOfStream),
        };
        let mut headers = Vec::new();
        let mut signature = None;
        let start = u64::from(end.directory_offset);
        let mut at = start;
        while window.get(at, CENTRAL_MAGIC.len())? == CENTRAL_MAGIC {
            let header = CentralHeader::parse(window.get(at, CENTRAL_LEN)?).ok_or(Fault::EndOfStream)?;
            let name = window.get(at + CENTRAL_LEN as u64, header.name_len.into())?;
            if name == SIGNATURE_NAME && header.flags & FLAG_UTF8 == 0 {
                if signature.is_some() {
                    return Err(Fault::SignatureEntry(SignatureFault::Several));
                }
                signature = Some(headers.len());
            }
            if headers.len() == MAX_HEADERS {
                return Err(Fault::InvalidData("the directory has too many headers"));
            }
            headers.push(Header {
                position: at,
                len: header.len() as u64,
                offset: header.local_offset.into(),
                total: 0,
                flags: header.flags,
                method: header.method,
                compressed_size: header.compressed_size,
                uncompressed_size: header.uncompressed_size,
                external_attributes: header.external_attributes,
            });
            at += header.len() as u64;
        }
        if headers.is_empty() {
            return Err(Fault::InvalidData("the archive has no entries"));
        }
        let signature = signature.ok_or(Fault::SignatureEntry(SignatureFault::Absent))?;
        let first_local = set_extents(&mut headers, start);
        Ok(Self { headers, signature, directory_end: at, first_local })
    }

    pub(super) fn signature(&self) -> &Header {
        &self.headers[self.signature]
    }

    /// All headers but the signature's, in directory order.
    pub(super) fn others(&self) -> impl Iterator<Item = &Header> {
        self.headers.iter().enumerate().filter(|(index, _)| *index != self.signature).map(|(_, header)| header)
    }
}

/// Extents from offsets; the smallest offset is returned.
fn set_extents(headers: &mut [Header], directory_start: u64) -> u64 {
    let mut order: Vec<usize> = (0..headers.len()).collect();
    order.sort_by_key(|index| headers[*index].offset);
    let mut next = directory_start;
    for index in order.into_iter().rev() {
        let header = &mut headers[index];
        // Both are 32-bit offsets.
        header.total = next.cast_signed() - header.offset.cast_signed();
        next = header.offset;
    }
    next
}

/// Looks backwards through the whole file, as NuGet does.
fn find_end(source: &dyn ReadAt) -> Result<u64, Fault> {
    const CHUNK: u64 = 64 * 1024;
    let mut matcher = Matcher::default();
    let mut end = source.size();
    let mut chunk = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(CHUNK);
        chunk.resize(usize::try_from(end - start).unwrap_or(0), 0);
        source.read_exact_at(start, &mut chunk)?;
        if let Some(found) = (0..chunk.len()).rev().find(|at| matcher.step(chunk[*at])) {
            return Ok(start + found as u64);
        }
        end = start;
    }
    Err(Fault::InvalidData("no end of central directory record"))
}
