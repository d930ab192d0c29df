//! The ZIP records, little endian (spec 1.1). Only their fixed parts; what they mean is decided elsewhere.

/// The name of the signature entry, compared byte for byte (spec 1.2).
pub const SIGNATURE_NAME: &[u8] = b".signature.p7s";

pub(crate) const LOCAL_MAGIC: [u8; 4] = *b"PK\x03\x04";
pub(crate) const CENTRAL_MAGIC: [u8; 4] = *b"PK\x01\x02";
pub(crate) const END_MAGIC: [u8; 4] = *b"PK\x05\x06";
pub(crate) const DESCRIPTOR_MAGIC: [u8; 4] = *b"PK\x07\x08";
pub(crate) const ZIP64_END_MAGIC: [u8; 4] = *b"PK\x06\x06";
pub(crate) const ZIP64_LOCATOR_MAGIC: [u8; 4] = *b"PK\x06\x07";

pub(crate) const LOCAL_LEN: usize = 30;
pub(crate) const CENTRAL_LEN: usize = 46;
pub(crate) const END_LEN: usize = 22;
pub(crate) const ZIP64_LOCATOR_LEN: usize = 20;
/// The longest archive comment.
pub(crate) const MAX_COMMENT: usize = 0xFFFF;
/// Header id of the zip64 extra field.
pub(crate) const ZIP64_EXTRA: u16 = 0x0001;

/// General purpose bit 0: the entry is encrypted.
pub(crate) const FLAG_ENCRYPTED: u16 = 0x0001;
/// General purpose bit 3: a data descriptor follows the data.
pub(crate) const FLAG_DESCRIPTOR: u16 = 0x0008;
/// General purpose bit 11: name and comment are UTF-8.
pub(crate) const FLAG_UTF8: u16 = 0x0800;

/// The u16 at `at`, which the caller knows to be inside.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// The u32 at `at`, which the caller knows to be inside.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The u64 at `at`, which the caller knows to be inside.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | (u64::from(u32_at(bytes, at + 4)) << 32)
}

/// The fixed part of a local file header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LocalHeader {
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) crc32: u32,
    pub(crate) compressed_size: u32,
    pub(crate) uncompressed_size: u32,
    pub(crate) name_len: u16,
    pub(crate) extra_len: u16,
}

impl LocalHeader {
    /// Reads it; `None` when the bytes do not begin with its signature.
    pub(crate) fn parse(bytes: &[u8; LOCAL_LEN]) -> Option<Self> {
        bytes.starts_with(&LOCAL_MAGIC).then(|| Self {
            flags: u16_at(bytes, 6),
            method: u16_at(bytes, 8),
            crc32: u32_at(bytes, 14),
            compressed_size: u32_at(bytes, 18),
            uncompressed_size: u32_at(bytes, 22),
            name_len: u16_at(bytes, 26),
            extra_len: u16_at(bytes, 28),
        })
    }

    /// Length of the whole header, name and extra fields included.
    pub(crate) fn len(&self) -> u64 {
        LOCAL_LEN as u64 + u64::from(self.name_len) + u64::from(self.extra_len)
    }
}

/// The fixed part of a directory header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CentralHeader {
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) crc32: u32,
    pub(crate) compressed_size: u32,
    pub(crate) uncompressed_size: u32,
    pub(crate) name_len: u16,
    pub(crate) extra_len: u16,
    pub(crate) comment_len: u16,
    pub(crate) external_attributes: u32,
    pub(crate) local_offset: u32,
}

impl CentralHeader {
    /// Reads it; `None` when the bytes do not begin with its signature or are too few.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= CENTRAL_LEN && bytes.starts_with(&CENTRAL_MAGIC)).then(|| Self {
            flags: u16_at(bytes, 8),
            method: u16_at(bytes, 10),
            crc32: u32_at(bytes, 16),
            compressed_size: u32_at(bytes, 20),
            uncompressed_size: u32_at(bytes, 24),
            name_len: u16_at(bytes, 28),
            extra_len: u16_at(bytes, 30),
            comment_len: u16_at(bytes, 32),
            external_attributes: u32_at(bytes, 38),
            local_offset: u32_at(bytes, 42),
        })
    }

    /// Length of name, extra fields and comment.
    pub(crate) fn variable_len(&self) -> usize {
        usize::from(self.name_len) + usize::from(self.extra_len) + usize::from(self.comment_len)
    }

    /// Length of the whole header.
    pub(crate) fn len(&self) -> usize {
        CENTRAL_LEN + self.variable_len()
    }
}

/// The fixed part of the end of central directory record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EndRecord {
    pub(crate) this_disk: u16,
    pub(crate) directory_disk: u16,
    pub(crate) entries_this_disk: u16,
    pub(crate) entries_total: u16,
    pub(crate) directory_size: u32,
    pub(crate) directory_offset: u32,
    pub(crate) comment_len: u16,
}

impl EndRecord {
    /// Reads it; the signature is the caller's business.
    pub(crate) fn parse(bytes: &[u8; END_LEN]) -> Self {
        Self {
            this_disk: u16_at(bytes, 4),
            directory_disk: u16_at(bytes, 6),
            entries_this_disk: u16_at(bytes, 8),
            entries_total: u16_at(bytes, 10),
            directory_size: u32_at(bytes, 12),
            directory_offset: u32_at(bytes, 16),
            comment_len: u16_at(bytes, 20),
        }
    }
}

/// Whether an extra block holds a zip64 field, and whether it ends well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extra {
    /// No zip64 field.
    Plain,
    /// A zip64 field.
    Zip64,
    /// Two or three stray bytes at the end, over which NuGet's signer stumbles (spec 1.9).
    CutOff,
}

/// Looks through an extra block as NuGet does: one stray byte is ignored, a field that overruns the block ends it.
pub(crate) fn scan_extra(mut extra: &[u8]) -> Extra {
    while extra.len() >= 4 {
        if u16_at(extra, 0) == ZIP64_EXTRA {
            return Extra::Zip64;
        }
        let next = 4 + usize::from(u16_at(extra, 2));
        extra = extra.get(next..).unwrap_or_default();
    }
    if extra.len() >= 2 { Extra::CutOff } else { Extra::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_blocks() {
        let cases: [(&[u8], Extra); 8] = [
            (&[], Extra::Plain),
            (&[0x55, 0x54, 1, 0, 9], Extra::Plain),
            (&[0x55, 0x54, 1, 0, 9, 7], Extra::Plain),
            (&[0x55, 0x54, 1, 0, 9, 7, 7], Extra::CutOff),
            (&[0x55, 0x54, 1, 0, 9, 7, 7, 7], Extra::CutOff),
            (&[0x55, 0x54, 1, 0, 9, 1, 0, 0, 0], Extra::Zip64),
            (&[1, 0, 200, 0], Extra::Zip64),
            (&[0x55, 0x54, 5, 0, 1, 0, 0, 0], Extra::Plain),
        ];
        for (extra, expected) in cases {
            assert_eq!(scan_extra(extra), expected, "{extra:?}");
        }
    }
}
