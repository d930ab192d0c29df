//! Archives made field by field, lies included.

/// One entry. `None` in a field of the local header means: what the directory says.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) local_name: Option<Vec<u8>>,
    pub(crate) data: Vec<u8>,
    pub(crate) flags: u16,
    pub(crate) local_flags: Option<u16>,
    pub(crate) method: u16,
    pub(crate) local_method: Option<u16>,
    /// CRC, compressed and uncompressed size.
    pub(crate) sizes: [u32; 3],
    pub(crate) local_sizes: Option<[u32; 3]>,
    pub(crate) extra: Vec<u8>,
    pub(crate) local_extra: Vec<u8>,
    pub(crate) attributes: u32,
    /// What stands behind the data.
    pub(crate) behind: Vec<u8>,
    pub(crate) offset: Option<u32>,
    pub(crate) listed: bool,
}

/// A stored entry.
pub(crate) fn entry(name: &str, data: &[u8]) -> Entry {
    let len = u32::try_from(data.len()).unwrap();
    Entry {
        name: name.as_bytes().to_vec(),
        local_name: None,
        data: data.to_vec(),
        flags: 0,
        local_flags: None,
        method: 0,
        local_method: None,
        sizes: [crc32fast::hash(data), len, len],
        local_sizes: None,
        extra: Vec::new(),
        local_extra: Vec::new(),
        attributes: 0,
        behind: Vec::new(),
        offset: None,
        listed: true,
    }
}

impl Entry {
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Its data descriptor, with or without the signature.
    pub(crate) fn descriptor(&self, magic: bool) -> Vec<u8> {
        let sizes = self.sizes.iter().flat_map(|field| field.to_le_bytes());
        (if magic { &b"PK\x07\x08"[..] } else { b"" }).iter().copied().chain(sizes).collect()
    }

    fn local(&self) -> Vec<u8> {
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        let mut out = b"PK\x03\x04\x14\0".to_vec();
        out.extend(self.local_flags.unwrap_or(self.flags).to_le_bytes());
        out.extend(self.local_method.unwrap_or(self.method).to_le_bytes());
        out.extend([0, 0, 0x21, 0]);
        out.extend(self.local_sizes.unwrap_or(self.sizes).iter().flat_map(|field| field.to_le_bytes()));
        out.extend(len16(name));
        out.extend(len16(&self.local_extra));
        [&out[..], name, &self.local_extra, &self.data, &self.behind].concat()
    }

    fn central(&self, offset: u32) -> Vec<u8> {
        let mut out = b"PK\x01\x02\x14\0\x14\0".to_vec();
        out.extend(self.flags.to_le_bytes());
        out.extend(self.method.to_le_bytes());
        out.extend([0, 0, 0x21, 0]);
        out.extend(self.sizes.iter().flat_map(|field| field.to_le_bytes()));
        out.extend(len16(&self.name));
        out.extend(len16(&self.extra));
        out.extend([0; 6]);
        out.extend(self.attributes.to_le_bytes());
        out.extend(self.offset.unwrap_or(offset).to_le_bytes());
        [&out[..], &self.name, &self.extra].concat()
    }
}

fn len16(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap().to_le_bytes()
}

/// The end record's fields, to be changed before they are written.
pub(crate) struct End {
    pub(crate) disks: [u16; 2],
    pub(crate) counts: [u16; 2],
    pub(crate) directory_size: u32,
    pub(crate) directory_offset: u32,
    pub(crate) comment_len: u16,
}

/// An archive to be.
#[derive(Default, Clone)]
pub(crate) struct Archive {
    pub(crate) entries: Vec<Entry>,
    pub(crate) prefix: Vec<u8>,
    pub(crate) before_directory: Vec<u8>,
    pub(crate) before_end: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    pub(crate) trailing: Vec<u8>,
    pub(crate) end: Option<fn(&mut End)>,
    /// Order of the directory headers, as indices of `entries`; else theirs.
    pub(crate) directory: Option<Vec<usize>>,
}

/// A nuspec and a file, and what a test adds.
pub(crate) fn archive_of(more: impl IntoIterator<Item = Entry>) -> Archive {
    let mut entries = vec![entry("a.nuspec", NUSPEC.as_bytes()), entry("lib/a.txt", b"content")];
    entries.extend(more);
    Archive { entries, ..Archive::default() }
}

pub(crate) const NUSPEC: &str =
    "<package><metadata><id>A</id><version>1.0</version><authors>a</authors><description>d</description></metadata></package>";

impl Archive {
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut out = self.prefix.clone();
        let mut offsets = Vec::new();
        for entry in &self.entries {
            offsets.push(u32::try_from(out.len()).unwrap());
            out.extend(entry.local());
        }
        out.extend(&self.before_directory);
        let start = out.len();
        let mut count = 0_usize;
        let order = self.directory.clone().unwrap_or_else(|| (0..self.entries.len()).collect());
        for index in order.into_iter().filter(|index| self.entries[*index].listed) {
            out.extend(self.entries[index].central(offsets[index]));
            count += 1;
        }
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        let mut end = End {
            disks: [0; 2],
            counts: [count; 2],
            directory_size: u32::try_from(out.len() - start).unwrap(),
            directory_offset: u32::try_from(start).unwrap(),
            comment_len: u16::try_from(self.comment.len()).unwrap(),
        };
        if let Some(change) = self.end {
            change(&mut end);
        }
        out.extend(&self.before_end);
        out.extend(b"PK\x05\x06");
        out.extend([end.disks, end.counts].concat().iter().flat_map(|field| field.to_le_bytes()));
        out.extend(end.directory_size.to_le_bytes());
        out.extend(end.directory_offset.to_le_bytes());
        out.extend(end.comment_len.to_le_bytes());
        [&out[..], &self.comment, &self.trailing].concat()
    }
}
