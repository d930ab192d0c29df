//! Archives as a hostile hand writes them: every field of every header can be made to lie. What is not asked for is as it should be.

use std::io::Write as _;

/// One entry; a field that is `None` is as it should be.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// Name in the directory.
    pub name: Vec<u8>,
    /// Name in the local header.
    pub local_name: Option<Vec<u8>>,
    /// Content as it stands in the file.
    pub stored: Vec<u8>,
    /// Length and CRC-32 of the content before compression.
    pub content: (u32, u32),
    /// Compression method.
    pub method: u16,
    /// General-purpose flags.
    pub flags: u16,
    /// Extra field of the directory.
    pub extra: Vec<u8>,
    /// Extra field of the local header.
    pub local_extra: Vec<u8>,
    /// Where the directory says that the entry is.
    pub offset: Option<u32>,
    /// Compressed length in the directory.
    pub compressed: Option<u32>,
    /// Uncompressed length in the directory.
    pub length: Option<u32>,
    /// CRC-32 in the directory.
    pub crc: Option<u32>,
    /// Not named in the directory.
    pub hidden: bool,
    /// Bytes between this entry and the next.
    pub gap: Vec<u8>,
}

impl Entry {
    /// A stored entry.
    pub fn stored(name: &str, content: &[u8]) -> Self {
        let content_of = (u32::try_from(content.len()).expect("a short content"), crc32(content));
        Self { name: name.into(), stored: content.to_vec(), content: content_of, ..Self::default() }
    }

    /// A deflated entry.
    pub fn deflated(name: &str, content: &[u8]) -> Self {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        zip.start_file("x", options).expect("an entry can be begun");
        zip.write_all(content).expect("an entry can be written");
        let archive = zip.finish().expect("an archive can be finished").into_inner();
        // The local header is 30 bytes and the name; sizes stand in the directory's entry.
        let directory = archive.windows(4).rposition(|w| w == b"PK\x01\x02").expect("there is a directory");
        let length = u32::from_le_bytes(archive[directory + 20..directory + 24].try_into().expect("four bytes"));
        let extra = usize::from(u16::from_le_bytes(archive[28..30].try_into().expect("two bytes")));
        let start = 31 + extra;
        let stored = archive[start..start + usize::try_from(length).expect("a short content")].to_vec();
        let content_of = (u32::try_from(content.len()).expect("a short content"), crc32(content));
        Self { name: name.into(), stored, content: content_of, method: 8, ..Self::default() }
    }
}

/// A whole archive; a field that is `None` is as it should be.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    /// Bytes before the first entry; offsets count them.
    pub prefix: Vec<u8>,
    /// The entries.
    pub entries: Vec<Entry>,
    /// Bytes between the directory and the end record.
    pub before_end: Vec<u8>,
    /// The comment.
    pub comment: Vec<u8>,
    /// Length of the comment as the end record says.
    pub comment_length: Option<u16>,
    /// Bytes behind the comment.
    pub trailing: Vec<u8>,
    /// Both entry counts of the end record.
    pub counts: Option<(u16, u16)>,
    /// Both disk numbers of the end record.
    pub disks: (u16, u16),
    /// Length of the directory as the end record says.
    pub directory_length: Option<u32>,
    /// Offset of the directory as the end record says.
    pub directory_offset: Option<u32>,
}

impl Archive {
    /// These entries and nothing odd.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self { entries: entries.into_iter().collect(), ..Self::default() }
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.prefix.clone();
        let (mut directory, mut named) = (Vec::new(), 0_u16);
        for entry in &self.entries {
            let at = short(out.len());
            let (length, crc) = entry.content;
            let name = entry.local_name.as_ref().unwrap_or(&entry.name);
            let head = |out: &mut Vec<u8>, compressed: u32, length: u32, crc: u32| {
                put(out, &[20, entry.flags, entry.method, 0, 0x21]);
                for number in [crc, compressed, length] {
                    out.extend(number.to_le_bytes());
                }
            };
            out.extend(b"PK\x03\x04");
            head(&mut out, short(entry.stored.len()), length, crc);
            put(&mut out, &[tiny(name.len()), tiny(entry.local_extra.len())]);
            out.extend(name);
            out.extend(&entry.local_extra);
            out.extend(&entry.stored);
            out.extend(&entry.gap);
            if entry.hidden {
                continue;
            }
            named += 1;
            directory.extend(b"PK\x01\x02");
            put(&mut directory, &[20]);
            let compressed = entry.compressed.unwrap_or_else(|| short(entry.stored.len()));
            head(&mut directory, compressed, entry.length.unwrap_or(length), entry.crc.unwrap_or(crc));
            put(&mut directory, &[tiny(entry.name.len()), tiny(entry.extra.len()), 0, 0, 0, 0, 0]);
            directory.extend(entry.offset.unwrap_or(at).to_le_bytes());
            directory.extend(&entry.name);
            directory.extend(&entry.extra);
        }
        let at = short(out.len());
        out.extend(&directory);
        out.extend(&self.before_end);
        out.extend(b"PK\x05\x06");
        let (here, all) = self.counts.unwrap_or((named, named));
        put(&mut out, &[self.disks.0, self.disks.1, here, all]);
        out.extend(self.directory_length.unwrap_or_else(|| short(directory.len())).to_le_bytes());
        out.extend(self.directory_offset.unwrap_or(at).to_le_bytes());
        put(&mut out, &[self.comment_length.unwrap_or_else(|| tiny(self.comment.len()))]);
        out.extend(&self.comment);
        out.extend(&self.trailing);
        out
    }
}

/// A manifest with what NuGet asks for; `more` stands among its metadata.
pub fn manifest(id: &str, version: &str, more: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<package xmlns=\"http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd\"><metadata>\
         <id>{id}</id><version>{version}</version><authors>tests</authors><description>a package for tests</description>{more}</metadata></package>"
    )
    .into_bytes()
}

/// A small package in good order: a manifest and one file.
pub fn package(id: &str, version: &str) -> Archive {
    Archive::of([Entry::stored(&format!("{id}.nuspec"), &manifest(id, version, "")), Entry::stored("content/readme.txt", b"hello")])
}

/// CRC-32 as ZIP has it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

fn put(out: &mut Vec<u8>, numbers: &[u16]) {
    for number in numbers {
        out.extend(number.to_le_bytes());
    }
}

fn short(length: usize) -> u32 {
    u32::try_from(length).expect("test archives are below 4 GiB")
}

fn tiny(length: usize) -> u16 {
    u16::try_from(length).expect("test fields are below 64 KiB")
}
