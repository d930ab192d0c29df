//! Names that must not come twice: the nuspec's and the signature's, in any spelling that some reader takes for the same.

use crate::record::SIGNATURE_NAME;
use crate::{Entry, Error, Layout, Limits};
use std::borrow::Cow;

/// Refuses a second root nuspec and a second signature, also where they are equal but for case, escapes or separators.
pub(super) fn check(layout: &Layout, limits: &Limits) -> Result<(), Error> {
    let mut nuspec: Option<&Entry> = None;
    for entry in layout.entries() {
        if entry.name.len() > limits.name_bytes {
            return Err(Error::NameTooLong { len: entry.name.len() as u64, limit: limits.name_bytes as u64 });
        }
        let name = plain(&entry.name);
        if name.eq_ignore_ascii_case(SIGNATURE_NAME) && entry.name != SIGNATURE_NAME {
            return Err(Error::DuplicateName { name: entry.display_name() });
        }
        if is_root_nuspec(&entry.name) {
            match nuspec {
                Some(other) if plain(&other.name).eq_ignore_ascii_case(&name) => {
                    return Err(Error::DuplicateName { name: entry.display_name() });
                }
                Some(_) => return Err(Error::NuspecAmbiguous),
                None => nuspec = Some(entry),
            }
        }
    }
    Ok(())
}

/// Whether some reader takes an entry of this name for a nuspec at the root.
pub(crate) fn is_root_nuspec(name: &[u8]) -> bool {
    let name = plain(name);
    !name.contains(&b'/') && name.len() >= NUSPEC.len() && name[name.len() - NUSPEC.len()..].eq_ignore_ascii_case(NUSPEC)
}

const NUSPEC: &[u8] = b".nuspec";

/// The name without what readers drop: percent escapes, backslashes, a leading `/` or `./`, and all from a NUL on.
fn plain(name: &[u8]) -> Cow<'_, [u8]> {
    let mut name = if name.iter().any(|b| matches!(b, b'%' | b'\\' | 0)) { Cow::Owned(unescape(name)) } else { Cow::Borrowed(name) };
    while let Some(skip) = [&b"/"[..], b"./"].iter().find(|lead| name.starts_with(lead)).map(|lead| lead.len()) {
        name = match name {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[skip..]),
            Cow::Owned(bytes) => Cow::Owned(bytes[skip..].to_vec()),
        };
    }
    name
}

fn unescape(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut at = 0;
    while let Some(&byte) = name.get(at) {
        let escaped = (byte == b'%')
            .then(|| name.get(at + 1..at + 3))
            .flatten()
            .and_then(|two| std::str::from_utf8(two).ok())
            .filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        at += if escaped.is_some() { 3 } else { 1 };
        match escaped.unwrap_or(byte) {
            0 => break,
            b'\\' => out.push(b'/'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_root_nuspec() {
        for name in
            ["a.nuspec", "A.NuSpec", ".nuspec", "/a.nuspec", "./a.nuspec", ".\\a.nuspec", "a%2Enuspec", "%61.nuspec", "a.nuspec\0.txt"]
        {
            assert!(is_root_nuspec(name.as_bytes()), "{name:?}");
        }
        for name in ["a/b.nuspec", "a\\b.nuspec", "a%2Fb.nuspec", "a.nuspec.txt", "nuspec", "a.nuspec/", "../a.nuspec", "a%2.nuspe"] {
            assert!(!is_root_nuspec(name.as_bytes()), "{name:?}");
        }
    }
}
