//! The `.signature.p7s` of a package, taken out with the least of a ZIP reader.

fn u16_at(data: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(data.get(at..at + 2)?.try_into().ok()?)))
}

fn u32_at(data: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(data.get(at..at + 4)?.try_into().ok()?) as usize)
}

/// The stored signature entry's bytes, when the archive is ordinary enough and has one.
pub(super) fn signature(package: &[u8]) -> Option<Vec<u8>> {
    const NAME: &[u8] = b".signature.p7s";
    let end = package.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let mut at = u32_at(package, end + 16)?;
    for _ in 0..u16_at(package, end + 10)? {
        let [name, extra, comment] = [28, 30, 32].map(|offset| u16_at(package, at + offset));
        let (name, extra, comment) = (name?, extra?, comment?);
        if package.get(at + 46..at + 46 + name)? == NAME && u16_at(package, at + 8)? & 0x800 == 0 {
            let (method, size, local) = (u16_at(package, at + 10)?, u32_at(package, at + 20)?, u32_at(package, at + 42)?);
            let start = local + 30 + u16_at(package, local + 26)? + u16_at(package, local + 28)?;
            return if method == 0 { Some(package.get(start..start + size)?.to_vec()) } else { None };
        }
        at += 46 + name + extra + comment;
    }
    None
}
