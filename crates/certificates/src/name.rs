//! Distinguished names compared as OpenSSL compares them when it looks for issuers: letter case and runs of spaces do not
//! count, nor which string type spells the text.

use crate::asn1::{self, CONSTRUCTED, Malformed, OID, Reader, SEQUENCE, SET};

/// The form of a Name that OpenSSL compares; two names are one name when these bytes are equal.
///
/// Fails where OpenSSL fails to read the certificate: broken structure, or text that is not text.
pub(crate) fn canonical(name: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::with_capacity(name.len());
    let mut sets = Reader::new(name).list(SEQUENCE)?.inside();
    while !sets.is_empty() {
        let mut set = sets.list(SET)?.inside();
        let mut attributes = Vec::new();
        while !set.is_empty() {
            let mut attribute = set.expect(SEQUENCE)?.inside();
            let oid = attribute.expect(OID)?;
            asn1::oid(oid.content)?;
            let value = attribute.any()?;
            attribute.finish()?;
            if value.tag == SEQUENCE {
                // A value of any type: compared as it stands.
                attributes.push([oid.whole, value.whole].concat());
                continue;
            }
            let mut one = oid.whole.to_vec();
            push_value(value.tag & !CONSTRUCTED, &asn1::string(&value)?, value.whole, &mut one)?;
            attributes.push(one);
        }
        // A SET is compared in its DER order, and the sets stay apart.
        attributes.sort();
        for attribute in &attributes {
            push_length(attribute.len(), &mut out);
            out.extend_from_slice(attribute);
        }
        out.push(0xFF);
    }
    Ok(out)
}

/// The relative distinguished names of a canonical name, for name constraints.
pub(crate) fn is_within(canonical: &[u8], base: &[u8]) -> bool {
    canonical.starts_with(base)
}

/// The values of the e-mail address attribute (PKCS#9) in a name.
pub(crate) fn email_addresses(name: &[u8]) -> Vec<Vec<u8>> {
    const EMAIL: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01];
    let read = || -> Result<Vec<Vec<u8>>, Malformed> {
        let mut out = Vec::new();
        let mut sets = asn1::only(name, SEQUENCE)?.inside();
        while !sets.is_empty() {
            let mut set = sets.expect(SET)?.inside();
            while !set.is_empty() {
                let mut attribute = set.expect(SEQUENCE)?.inside();
                if attribute.expect(OID)?.content == EMAIL {
                    out.push(attribute.any()?.content.to_vec());
                }
            }
        }
        Ok(out)
    };
    read().unwrap_or_default()
}

fn push_length(length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}

fn push_value(tag: u8, content: &[u8], whole: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let Some(text) = text(tag, content)? else {
        // Not a type that OpenSSL converts: compared as it stands.
        out.extend_from_slice(whole);
        return Ok(());
    };
    out.push(UTF8_STRING);
    let mut pending_space = false;
    let trimmed = text.trim_matches(is_space);
    for character in trimmed.chars() {
        if is_space(character) {
            pending_space = true;
            continue;
        }
        if std::mem::take(&mut pending_space) {
            out.push(b' ');
        }
        let mut buffer = [0; 4];
        out.extend_from_slice(character.to_ascii_lowercase().encode_utf8(&mut buffer).as_bytes());
    }
    Ok(())
}

/// OpenSSL's ASN.1 "space": the C locale's, ASCII only.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{B}' | '\u{C}')
}

/// The text of the string types that OpenSSL converts to UTF-8; `None` for other types.
fn text(tag: u8, content: &[u8]) -> Result<Option<String>, Malformed> {
    let text = match tag {
        UTF8_STRING => std::str::from_utf8(content).or(Err(Malformed))?.to_owned(),
        // One octet a character.
        0x13 | 0x14 | 0x16 | 0x1A => content.iter().copied().map(char::from).collect(),
        0x1C => {
            if !content.len().is_multiple_of(4) {
                return Err(Malformed);
            }
            content
                .chunks_exact(4)
                .map(|c| char::from_u32(u32::from_be_bytes([c[0], c[1], c[2], c[3]])).ok_or(Malformed))
                .collect::<Result<_, _>>()?
        }
        0x1E => {
            if !content.len().is_multiple_of(2) {
                return Err(Malformed);
            }
            let units = content.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]]));
            char::decode_utf16(units).collect::<Result<_, _>>().or(Err(Malformed))?
        }
        _ => return Ok(None),
    };
    Ok(Some(text))
}

const UTF8_STRING: u8 = 0x0C;

/// A name as .NET writes it.
pub(crate) fn render(name: &[u8]) -> String {
    // Where .NET has no text for a name there is still something to show.
    model::distinguished_name::render(name).unwrap_or_else(|| name.iter().map(|octet| format!("{octet:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(tag: u8, text: &[u8]) -> Vec<u8> {
        let wrap = |tag: u8, content: Vec<u8>| {
            let mut out = vec![tag, u8::try_from(content.len()).unwrap()];
            out.extend(content);
            out
        };
        let attribute = [wrap(OID, vec![0x55, 4, 3]), wrap(tag, text.to_vec())].concat();
        wrap(SEQUENCE, wrap(SET, wrap(SEQUENCE, attribute)))
    }

    #[test]
    fn case_spaces_and_string_type_do_not_count() {
        let one = canonical(&name(0x0C, b"Acme  Root")).unwrap();
        assert_eq!(one, canonical(&name(0x13, b" ACME root ")).unwrap());
        assert_eq!(one, canonical(&name(0x1E, b"\0a\0c\0m\0e\0 \0R\0o\0o\0t")).unwrap());
        assert_ne!(one, canonical(&name(0x0C, b"AcmeRoot")).unwrap());
        assert_ne!(one, canonical(&name(0x03, b"Acme  Root")).unwrap());
    }

    #[test]
    fn text_that_is_not_text_is_refused() {
        assert_eq!(canonical(&name(0x0C, &[0xC3])), Err(Malformed));
        assert_eq!(canonical(&name(0x1E, &[0])), Err(Malformed));
    }
}
