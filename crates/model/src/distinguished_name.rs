//! The text of an X.500 distinguished name as .NET renders it (`X500DistinguishedName.Name`): NuGet compares names by it.
//!
//! The last RDN comes first. Only DER is read, as .NET does; what is none, or holds a string that its type does not allow, has
//! an empty text there.

use std::fmt::Write as _;

/// Deepest and most of everything that a name may have.
const MOST_VALUES: usize = 1_000;

/// The text that .NET has for the name that is all of `der`, and that NuGet compares: empty where there is none.
pub fn text(der: &[u8]) -> String {
    render(der).unwrap_or_default()
}

/// The text of the name that is all of `der` (the whole `Name`, tag included); `None` where it is not readable.
pub fn render(der: &[u8]) -> Option<String> {
    let (name, rest) = element(der)?;
    if name.tag != SEQUENCE || !rest.is_empty() {
        return None;
    }
    let mut names = Vec::new();
    let mut left = name.content;
    while !left.is_empty() {
        let (rdn, rest) = element(left)?;
        if rdn.tag != SET || names.len() == MOST_VALUES {
            return None;
        }
        names.push(rdn.content);
        left = rest;
    }
    let mut text = String::new();
    for (i, rdn) in names.iter().rev().enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        render_rdn(rdn, &mut text)?;
    }
    Some(text)
}

fn render_rdn(mut left: &[u8], text: &mut String) -> Option<()> {
    for count in 0..MOST_VALUES {
        if left.is_empty() {
            return Some(());
        }
        let (pair, rest) = element(left)?;
        left = rest;
        if pair.tag != SEQUENCE {
            return None;
        }
        let (kind, value) = element(pair.content)?;
        if kind.tag != OID {
            return None;
        }
        if count > 0 {
            text.push_str(" + ");
        }
        let oid = dotted(kind.content)?;
        match SHORT_NAMES.iter().find(|(dotted, _)| *dotted == oid) {
            Some((_, name)) => text.push_str(name),
            None => {
                text.push_str("OID.");
                text.push_str(&oid);
            }
        }
        text.push('=');
        let (value, rest) = element(value)?;
        if !rest.is_empty() {
            return None;
        }
        render_value(&value, text)?;
    }
    None
}

fn render_value(value: &Element<'_>, text: &mut String) -> Option<()> {
    let string = match value.tag {
        UTF8 => std::str::from_utf8(value.content).ok()?.to_owned(),
        NUMERIC => restricted(value.content, |octet| octet.is_ascii_digit() || octet == b' ')?,
        PRINTABLE => restricted(value.content, |octet| octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&octet))?,
        IA5 => restricted(value.content, |octet| octet.is_ascii())?,
        // .NET reads UTF-8, and Latin-1 where it is none.
        T61 => match std::str::from_utf8(value.content) {
            Ok(string) => string.to_owned(),
            Err(_) => value.content.iter().copied().map(char::from).collect(),
        },
        BMP => {
            let (pairs, []) = value.content.as_chunks::<2>() else { return None };
            // A surrogate is no character of the basic plane.
            pairs.iter().map(|pair| char::from_u32(u32::from(u16::from_be_bytes(*pair)))).collect::<Option<String>>()?
        }
        OCTET_STRING => {
            binary(value.content, text);
            return Some(());
        }
        // The constructed form of a string is not DER.
        tag if tag & 0xC0 == 0 && STRINGS.contains(&(tag & 0x1F)) => return None,
        _ => {
            binary(value.whole, text);
            return Some(());
        }
    };
    let string = string.trim_end_matches('\0');
    if needs_quotes(string) {
        text.push('"');
        text.push_str(&string.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(string);
    }
    Some(())
}

fn restricted(content: &[u8], allowed: impl Fn(u8) -> bool) -> Option<String> {
    content.iter().map(|octet| allowed(*octet).then_some(char::from(*octet))).collect()
}

fn binary(octets: &[u8], text: &mut String) {
    text.push('#');
    for octet in octets {
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02X}");
    }
}

fn needs_quotes(text: &str) -> bool {
    let blank = |c: char| c == ' ' || ('\t'..='\r').contains(&c);
    text.is_empty() || text.starts_with(blank) || text.ends_with(blank) || text.contains([',', '+', '=', '"', '\n', '<', '>', '#', ';'])
}

/// The dotted form of an object identifier, in which arcs of any size are allowed up to 128 bits.
fn dotted(octets: &[u8]) -> Option<String> {
    if octets.last().is_none_or(|last| last & 0x80 != 0) {
        return None;
    }
    let (mut text, mut value, mut fresh) = (String::new(), 0_u128, true);
    for octet in octets {
        if fresh && *octet == 0x80 || value >> 121 != 0 {
            return None;
        }
        value = value << 7 | u128::from(octet & 0x7F);
        fresh = octet & 0x80 == 0;
        if fresh {
            let _ = if text.is_empty() {
                let root = (value / 40).min(2);
                write!(text, "{root}.{}", value - 40 * root)
            } else {
                write!(text, ".{value}")
            };
            value = 0;
        }
    }
    Some(text)
}

struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

/// The DER element at the start of `data`, and what follows it. Tags of several octets are only possible as a value.
fn element(data: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let tag = *data.first()?;
    let mut at = 1;
    if tag & 0x1F == 0x1F {
        let mut number = 0_u32;
        loop {
            let octet = *data.get(at)?;
            at += 1;
            if number >= 1 << 25 {
                return None;
            }
            number = number << 7 | u32::from(octet & 0x7F);
            if number == 0 {
                return None;
            }
            if octet & 0x80 == 0 {
                break;
            }
        }
        if !(31..1 << 31).contains(&number) {
            return None;
        }
    }
    let first = *data.get(at)?;
    at += 1;
    let length = match first {
        0..=0x7F => usize::from(first),
        0x81..=0x84 => {
            let octets = data.get(at..at + usize::from(first & 0x7F))?;
            at += octets.len();
            let length = octets.iter().fold(0_usize, |length, octet| length << 8 | usize::from(*octet));
            if octets.first() == Some(&0) || length < 0x80 {
                return None;
            }
            length
        }
        _ => return None,
    };
    let end = at.checked_add(length)?;
    Some((Element { tag, content: data.get(at..end)?, whole: data.get(..end)? }, data.get(end..)?))
}

const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const UTF8: u8 = 0x0C;
const NUMERIC: u8 = 0x12;
const PRINTABLE: u8 = 0x13;
const T61: u8 = 0x14;
const IA5: u8 = 0x16;
const BMP: u8 = 0x1E;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const STRINGS: [u8; 7] = [OCTET_STRING, UTF8, NUMERIC, PRINTABLE, T61, IA5, BMP];

/// .NET's names of attribute types; where it has none, OpenSSL's long name, as on Linux.
const SHORT_NAMES: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "S"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "T"),
    ("2.5.4.13", "Description"),
    ("2.5.4.14", "searchGuide"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.16", "postalAddress"),
    ("2.5.4.17", "PostalCode"),
    ("2.5.4.18", "POBox"),
    ("2.5.4.19", "physicalDeliveryOfficeName"),
    ("2.5.4.20", "Phone"),
    ("2.5.4.21", "telexNumber"),
    ("2.5.4.24", "X21Address"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "G"),
    ("2.5.4.43", "I"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.45", "x500UniqueIdentifier"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.51", "houseIdentifier"),
    ("2.5.4.65", "pseudonym"),
    ("2.5.4.72", "role"),
    ("2.5.4.97", "organizationIdentifier"),
    ("2.5.4.98", "countryCode3c"),
    ("2.5.4.99", "countryCode3n"),
    ("1.2.840.113549.1.9.1", "E"),
    ("1.2.840.113549.1.9.2", "unstructuredName"),
    ("1.2.840.113549.1.9.8", "unstructuredAddress"),
    ("0.9.2342.19200300.100.1.1", "userId"),
    ("0.9.2342.19200300.100.1.3", "rfc822Mailbox"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionLocalityName"),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionStateOrProvinceName"),
    ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionCountryName"),
];

#[cfg(test)]
mod tests;
