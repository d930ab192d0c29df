//! Times and accuracies (spec 8.9, 171 and 172).

use super::*;
use time::macros::datetime;

#[test]
fn times_have_seconds_and_perhaps_a_fraction() {
    for (text, time) in [
        ("20261101120000Z", datetime!(2026-11-01 12:00:00 UTC)),
        ("20261101120000.5Z", datetime!(2026-11-01 12:00:00.5 UTC)),
        ("20261101120000.0000001Z", datetime!(2026-11-01 12:00:00.0000001 UTC)),
        ("20261101120000.123456789Z", datetime!(2026-11-01 12:00:00.1234567 UTC)),
        ("20261101120000.00000000000000001Z", datetime!(2026-11-01 12:00:00 UTC)),
        ("00010101000000Z", datetime!(0001-01-01 0:00 UTC)),
        ("99991231235959.9Z", datetime!(9999-12-31 23:59:59.9 UTC)),
    ] {
        assert_eq!(generalized_time(text.as_bytes()), Some(time), "{text}");
    }
    for text in [
        "",
        "Z",
        "202611011200Z",
        "20261101120000",
        "20261101120000+01",
        "20261101120000.Z",
        "20261101120000.120Z",
        "20261101120000.0Z",
        "20261101120000,5Z",
        "20261101120060Z",
        "20261101240000Z",
        "20261301120000Z",
        "20260229120000Z",
        "00000101000000Z",
        "2026110112000éZ",
        "+0261101120000Z",
    ] {
        assert_eq!(generalized_time(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn accuracies_are_in_range() {
    for (der, value) in [
        (&[0x30, 0][..], Ok(Duration::ZERO)),
        (&[0x30, 3, 2, 1, 1], Ok(Duration::seconds(1))),
        (&[0x30, 3, 2, 1, 0], Ok(Duration::ZERO)),
        (&[0x30, 10, 2, 1, 1, 0x80, 1, 2, 0x81, 2, 0x03, 0xE7], Ok(Duration::microseconds(1_002_999))),
        (&[0x30, 3, 2, 1, 0xFF], Err(NOT_ONE)),
        (&[0x30, 3, 0x80, 1, 0], Err(NOT_ONE)),
        (&[0x30, 4, 0x80, 2, 0x03, 0xE8], Err(NOT_ONE)),
        (&[0x30, 3, 0x81, 1, 0], Err(NOT_ONE)),
        (&[0x30, 7, 2, 5, 1, 0, 0, 0, 0], Err(NOT_ONE)),
        (&[0x30, 4, 2, 0x81, 1, 1], Err(NOT_ONE)),
    ] {
        assert_eq!(accuracy(&Element::only(der).unwrap()), value, "{der:02x?}");
    }
}
