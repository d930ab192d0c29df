//! What a signature covers, as NuGet computes it (spec 2.2), wrapping arithmetic included.

use super::metadata::{Header, Metadata};
use super::window::Window;
use super::{Fault, read_local};
use crate::ReadAt;
use crate::digest::for_each_chunk;
use crate::record::{CENTRAL_LEN, FLAG_UTF8, LOCAL_LEN, SIGNATURE_NAME, u16_at, u32_at};
use model::digest::Hasher;
use model::{Digest, HashAlgorithm};

/// The second "is it signed?" of spec 1.3: the local header must carry the name too, without the UTF-8 flag.
pub(super) fn own_parser_finds_signature(source: &dyn ReadAt, metadata: &Metadata) -> Result<bool, Fault> {
    let offset = metadata.signature().offset;
    let Some(local) = read_local(source, offset)? else {
        return Ok(false);
    };
    let mut name = vec![0; local.name_len.into()];
    source.read_exact_at(offset + LOCAL_LEN as u64, &mut name)?;
    Ok(name == SIGNATURE_NAME && local.flags & FLAG_UTF8 == 0)
}

/// The hash of an unsigned package.
pub(super) fn of_whole(source: &dyn ReadAt, algorithm: HashAlgorithm) -> Result<Digest, Fault> {
    let mut hasher = Hasher::new(algorithm);
    for_each_chunk(source, 0..source.size(), &mut |bytes| hasher.update(bytes))?;
    Ok(hasher.finish())
}

/// Whether two entries beside the signature start at one offset.
pub(super) fn shares_offsets(metadata: &Metadata) -> bool {
    let mut offsets: Vec<u64> = metadata.others().map(|header| header.offset).collect();
    offsets.sort_unstable();
    offsets.windows(2).any(|two| two[0] == two[1])
}

/// The hash of a signed package with the signature cut out. Where offsets are shared, as for the 16 headers up to which
/// .NET's sort is a stable one.
pub(super) fn of_signed(source: &dyn ReadAt, metadata: &Metadata, algorithm: HashAlgorithm) -> Result<Digest, Fault> {
    let mut hasher = Hasher::new(algorithm);
    let mut feed = |range: std::ops::Range<u64>| -> Result<(), Fault> { Ok(for_each_chunk(source, range, &mut |b| hasher.update(b))?) };

    let others: Vec<&Header> = metadata.others().collect();
    let mut by_offset: Vec<usize> = (0..others.len()).collect();
    by_offset.sort_by_key(|index| others[*index].offset);
    feed(0..metadata.first_local)?;
    let mut deltas = vec![0_i64; others.len()];
    // Running end of the packed file.
    let mut packed = 0_i64;
    for index in by_offset {
        let header = others[index];
        let delta = packed - header.offset.cast_signed();
        deltas[index] = delta;
        packed = header.offset.cast_signed() + header.total + delta;
        let end = header.offset.checked_add_signed(header.total).filter(|end| *end >= header.offset).ok_or(Fault::NegativeExtent)?;
        feed(header.offset..end)?;
    }

    let mut window = Window::new(source);
    for (header, delta) in others.into_iter().zip(deltas) {
        let bytes = window.get(header.position, usize::try_from(header.len).map_err(|_| Fault::EndOfStream)?)?;
        hasher.update(&bytes[..42]);
        hasher.update(&wrapping_u32(header.offset.cast_signed().wrapping_add(delta)).to_le_bytes());
        hasher.update(&bytes[CENTRAL_LEN..]);
    }

    // The end record is taken to stand right behind the directory, whatever is there.
    let signature = metadata.signature();
    let at = metadata.directory_end;
    let end = window.get(at, 20)?;
    hasher.update(&end[..8]);
    hasher.update(&u16_at(end, 8).wrapping_sub(1).to_le_bytes());
    hasher.update(&u16_at(end, 10).wrapping_sub(1).to_le_bytes());
    hasher.update(&wrapping_u32(i64::from(u32_at(end, 12)) - signature.len.cast_signed()).to_le_bytes());
    hasher.update(&wrapping_u32(i64::from(u32_at(end, 16)) - signature.total).to_le_bytes());
    for_each_chunk(source, at + 20..source.size(), &mut |b| hasher.update(b))?;
    Ok(hasher.finish())
}

/// The lowest 32 bits, as an unchecked cast of .NET's leaves them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "NuGet truncates here, and so must we")]
fn wrapping_u32(value: i64) -> u32 {
    value as u32
}
