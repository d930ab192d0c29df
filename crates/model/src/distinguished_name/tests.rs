//! Names and their texts.

use super::render;

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length) if length < 0x80 => out.push(length),
        Ok(length) => out.extend([0x81, length]),
        Err(_) => panic!("tests write short names"),
    }
    out.extend(content);
    out
}

fn pair(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(6, oid), tlv(tag, value)].concat())
}

fn name(rdns: &[&[Vec<u8>]]) -> Vec<u8> {
    tlv(0x30, &rdns.iter().flat_map(|rdn| tlv(0x31, &rdn.concat())).collect::<Vec<_>>())
}

const CN: &[u8] = &[0x55, 4, 3];
const C: &[u8] = &[0x55, 4, 6];

fn cn(tag: u8, value: &[u8]) -> Option<String> {
    render(&name(&[&[pair(CN, tag, value)]]))
}

#[test]
fn the_last_rdn_comes_first_and_values_of_one_are_joined() {
    let der = name(&[&[pair(C, 0x13, b"US")], &[pair(CN, 0x0C, "Jürgen".as_bytes()), pair(&[0x2A, 3, 4], 0x16, b"x")]]);
    assert_eq!(render(&der).as_deref(), Some("CN=Jürgen + OID.1.2.3.4=x, C=US"));
    assert_eq!(render(&[0x30, 0]).as_deref(), Some(""));
}

#[test]
fn quotes_stand_where_windows_puts_them() {
    for (value, text) in [
        ("Acme, Inc.", "CN=\"Acme, Inc.\""),
        ("a\"b", "CN=\"a\"\"b\""),
        (" a", "CN=\" a\""),
        ("a\t", "CN=\"a\t\""),
        ("", "CN=\"\""),
        ("a#b", "CN=\"a#b\""),
        ("a b\\c", "CN=a b\\c"),
        ("a\0\0", "CN=a"),
        ("\0", "CN=\"\""),
    ] {
        assert_eq!(cn(0x0C, value.as_bytes()).as_deref(), Some(text));
    }
}

#[test]
fn each_string_type_is_read_as_it_is() {
    for (tag, value, text) in [
        (0x13, &b"plain"[..], Some("CN=plain")),
        (0x13, b"a*b", None),
        (0x12, b"12 3", Some("CN=12 3")),
        (0x12, b"a", None),
        (0x16, b"a*b", Some("CN=a*b")),
        (0x16, b"\x80", None),
        (0x14, b"caf\xE9", Some("CN=café")),
        (0x14, "café".as_bytes(), Some("CN=café")),
        (0x1E, b"\0a\x20\xAC", Some("CN=a€")),
        (0x1E, b"\0a\0", None),
        (0x1E, b"\xD8\x00", None),
        (0x0C, b"\xFF", None),
        (0x04, b"\x01\xAB", Some("CN=#01AB")),
        (0x02, b"\x05", Some("CN=#020105")),
        (0x1A, b"visible", Some("CN=#1A0776697369626C65")),
        (0x2C, b"", None),
    ] {
        assert_eq!(cn(tag, value).as_deref(), text, "tag {tag:#04x}, {value:02x?}");
    }
}

#[test]
fn what_is_not_der_has_no_text() {
    let good = name(&[&[pair(CN, 0x0C, b"a")]]);
    assert_eq!(render(&[good.clone(), vec![0]].concat()), None);
    for cut in 0..good.len() {
        assert_eq!(render(&good[..cut]), None);
    }
    for bad in [&[0x31, 0][..], &[0x30, 0x81, 0], &[0x30, 0x80, 0, 0], &[0x30, 2, 0x30, 0], &[0x30, 4, 0x31, 2, 0x31, 0]] {
        assert_eq!(render(bad), None, "{bad:02x?}");
    }
}

#[test]
fn no_input_panics() {
    let good = name(&[&[pair(C, 0x13, b"US")], &[pair(CN, 0x0C, b"a"), pair(CN, 0x1E, b"\0a")]]);
    for at in 0..good.len() {
        for octet in 0..=u8::MAX {
            let mut bad = good.clone();
            bad[at] = octet;
            let _ = render(&bad);
        }
    }
}
