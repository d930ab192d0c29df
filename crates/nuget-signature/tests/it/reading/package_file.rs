//! The `.signature.p7s` of a package, taken out with the least of a ZIP reader.

fn u16_at(data: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(data.get(at..at + 2)?.try_into().ok()?)))
}

fn u32_at(data: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(data.get(at..at + 4)?.try_into().ok()?) as usize)
}

/// The stored signature entry's bytes, when the archive is ordinary enough and has one.
pub(super) fn signature(package: &[u8]) -> Option<Vec<u8>> {
    Some(package.get(find(package)?.content)?.to_vec())
}

/// The same package with other signature bytes of the same length.
pub(super) fn with_signature(package: &[u8], p7s: &[u8]) -> Option<Vec<u8>> {
    let entry = find(package)?;
    let mut out = package.to_vec();
    out.get_mut(entry.content).filter(|content| content.len() == p7s.len())?.copy_from_slice(p7s);
    let checksum = crc32(p7s).to_le_bytes();
    for at in entry.checksums {
        out.get_mut(at..at + 4)?.copy_from_slice(&checksum);
    }
    Some(out)
}

fn crc32(data: &[u8]) -> u32 {
    !data
        .iter()
        .fold(u32::MAX, |crc, octet| (0..8).fold(crc ^ u32::from(*octet), |crc, _| crc >> 1 ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())))
}

struct Entry {
    content: std::ops::Range<usize>,
    checksums: [usize; 2],
}

fn find(package: &[u8]) -> Option<Entry> {
    const NAME: &[u8] = b".signature.p7s";
    let end = package.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let mut at = u32_at(package, end + 16)?;
    for _ in 0..u16_at(package, end + 10)? {
        let [name, extra, comment] = [28, 30, 32].map(|offset| u16_at(package, at + offset));
        let (name, extra, comment) = (name?, extra?, comment?);
        if package.get(at + 46..at + 46 + name)? == NAME && u16_at(package, at + 8)? & 0x800 == 0 {
            let (method, size, local) = (u16_at(package, at + 10)?, u32_at(package, at + 20)?, u32_at(package, at + 42)?);
            let start = local + 30 + u16_at(package, local + 26)? + u16_at(package, local + 28)?;
            return (method == 0).then_some(Entry { content: start..start + size, checksums: [at + 16, local + 14] });
        }
        at += 46 + name + extra + comment;
    }
    None
}
