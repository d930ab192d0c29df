//! TSTInfo (RFC 3161 2.4.2) in DER, as .NET reads it.
//!
//! ```text
//! TSTInfo ::= SEQUENCE { version INTEGER, policy OBJECT IDENTIFIER, messageImprint SEQUENCE { AlgorithmIdentifier, OCTET STRING },
//!     serialNumber INTEGER, genTime GeneralizedTime, accuracy Accuracy OPTIONAL, ordering BOOLEAN DEFAULT FALSE,
//!     nonce INTEGER OPTIONAL, tsa [0] GeneralName OPTIONAL, extensions [1] IMPLICIT SEQUENCE OF Extension OPTIONAL }
//! Accuracy ::= SEQUENCE { seconds INTEGER OPTIONAL, millis [0] INTEGER (1..999) OPTIONAL, micros [1] INTEGER (1..999) OPTIONAL }
//! ```

use crate::error::Error;
use crate::primitive;
use crate::reader::{self, Element};
use crate::spec::tag;
use bytes::Bytes;
use time::{Date, Duration, Month, OffsetDateTime, Time};

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TstInfo {
    /// The version, which nobody looks at.
    pub version: i32,
    /// Content octets of the policy's identifier.
    pub policy: Bytes,
    /// Content octets of the imprint's hash algorithm identifier.
    pub imprint_algorithm: Bytes,
    /// The imprint's digest.
    pub imprint_digest: Bytes,
    /// Content octets of the serial number.
    pub serial_number: Bytes,
    /// When it was made.
    pub gen_time: OffsetDateTime,
    /// How far off that may be, where it says so.
    pub accuracy: Option<Duration>,
    /// Content octets of the nonce INTEGER.
    pub nonce: Option<Bytes>,
}

const NOT_ONE: Error = Error::Structure("a time stamp's information cannot be read");

/// Fields of a DER structure: every header must be DER.
struct Fields<'a>(reader::Fields<'a>);

impl<'a> Fields<'a> {
    fn of(element: &Element<'a>) -> Result<Self, Error> {
        let fields = element.children()?;
        if fields.iter().all(Element::has_der_header) { Ok(Self(reader::Fields::of(element)?)) } else { Err(NOT_ONE) }
    }
}

impl TstInfo {
    /// Reads the TSTInfo at the start of `octets`; bytes behind it are ignored. Every failure is NU3003.
    pub fn read(octets: &[u8]) -> Result<Self, Error> {
        let whole = Element::first(octets)?.expect(tag::SEQUENCE)?;
        if !whole.has_der_header() {
            return Err(NOT_ONE);
        }
        let Fields(mut fields) = Fields::of(&whole)?;
        let version = primitive::version(fields.any()?)?;
        let policy = Bytes::copy_from_slice(primitive::oid(fields.any()?)?);
        let Fields(mut imprint) = Fields::of(&fields.take(tag::SEQUENCE)?)?;
        let Fields(mut algorithm) = Fields::of(&imprint.take(tag::SEQUENCE)?)?;
        let imprint_algorithm = Bytes::copy_from_slice(primitive::oid(algorithm.any()?)?);
        if algorithm.peek().is_some() {
            algorithm.any()?;
        }
        algorithm.finish()?;
        let imprint_digest = Bytes::copy_from_slice(imprint.take(tag::OCTET_STRING)?.content());
        imprint.finish()?;
        let serial_number = Bytes::copy_from_slice(primitive::integer(fields.any()?)?);
        let gen_time = generalized_time(fields.take(tag::GENERALIZED_TIME)?.content()).ok_or(NOT_ONE)?;
        let accuracy = fields.optional(tag::SEQUENCE).map(|element| accuracy(&element)).transpose()?;
        if let Some(ordering) = fields.optional(tag::BOOLEAN)
            && !matches!(ordering.content(), [0x00 | 0xFF])
        {
            return Err(NOT_ONE);
        }
        let nonce = fields.optional(tag::INTEGER).map(primitive::integer).transpose()?.map(Bytes::copy_from_slice);
        if let Some(explicit) = fields.optional(tag::constructed(0)) {
            let Fields(mut name) = Fields::of(&explicit)?;
            general_name(&name.any()?)?;
            name.finish()?;
        }
        if let Some(list) = fields.optional(tag::constructed(1)) {
            let Fields(mut list) = Fields::of(&list)?;
            while list.peek().is_some() {
                extension(&list.take(tag::SEQUENCE)?)?;
            }
        }
        fields.finish()?;
        Ok(Self { version, policy, imprint_algorithm, imprint_digest, serial_number, gen_time, accuracy, nonce })
    }
}

fn accuracy(element: &Element<'_>) -> Result<Duration, Error> {
    let Fields(mut fields) = Fields::of(element)?;
    let mut total = Duration::ZERO;
    for (tag, range, unit) in [
        (tag::INTEGER, 0..=i32::MAX, Duration::SECOND),
        (tag::primitive(0), 1..=999, Duration::MILLISECOND),
        (tag::primitive(1), 1..=999, Duration::MICROSECOND),
    ] {
        if let Some(field) = fields.optional(tag) {
            let value = primitive::int32(primitive::integer_content(field)?).filter(|value| range.contains(value)).ok_or(NOT_ONE)?;
            total += unit * value;
        }
    }
    fields.finish()?;
    Ok(total)
}

/// The forms of a GeneralName, as far as .NET looks into them.
fn general_name(name: &Element<'_>) -> Result<(), Error> {
    match name.tag {
        // otherName: { OBJECT IDENTIFIER, [0] EXPLICIT ANY }
        0xA0 => {
            let Fields(mut fields) = Fields::of(name)?;
            primitive::oid(fields.any()?)?;
            let Fields(mut value) = Fields::of(&fields.take(tag::constructed(0))?)?;
            value.any()?;
            value.finish()?;
            Ok(fields.finish()?)
        }
        // rfc822Name, dNSName, uniformResourceIdentifier: IA5String
        0x81 | 0x82 | 0x86 if name.content().is_ascii() => Ok(()),
        // x400Address: ANY
        0x83 | 0xA3 => Ok(()),
        // directoryName: EXPLICIT ANY
        0xA4 => {
            let Fields(mut value) = Fields::of(name)?;
            value.any()?;
            Ok(value.finish()?)
        }
        // ediPartyName: { [0] DirectoryString OPTIONAL, [1] DirectoryString }
        0xA5 => {
            let Fields(mut fields) = Fields::of(name)?;
            fields.optional(tag::constructed(0));
            fields.take(tag::constructed(1))?;
            Ok(fields.finish()?)
        }
        // iPAddress: OCTET STRING
        0x87 => Ok(()),
        // registeredID: OBJECT IDENTIFIER
        0x88 if name.content().last().is_some_and(|last| last & 0x80 == 0) => Ok(()),
        _ => Err(NOT_ONE),
    }
}

fn extension(element: &Element<'_>) -> Result<(), Error> {
    let Fields(mut fields) = Fields::of(element)?;
    primitive::oid(fields.any()?)?;
    if let Some(critical) = fields.optional(tag::BOOLEAN)
        && !matches!(critical.content(), [0x00 | 0xFF])
    {
        return Err(NOT_ONE);
    }
    fields.take(tag::OCTET_STRING)?;
    Ok(fields.finish()?)
}

/// `YYYYMMDDhhmmss[.f…]Z`, a fraction of at least one digit whose last is not zero. .NET keeps twelve digits of it and rounds
/// down to 100 ns, by way of a floating-point number.
fn generalized_time(octets: &[u8]) -> Option<OffsetDateTime> {
    const KEPT_DIGITS: usize = 12;
    const TICKS_PER_SECOND: f64 = 1e7;
    let text = std::str::from_utf8(octets).ok()?.strip_suffix('Z')?;
    let (digits, fraction) = text.split_at_checked(14)?;
    let number = |range: std::ops::Range<usize>| {
        digits.get(range).filter(|part| part.bytes().all(|octet| octet.is_ascii_digit()))?.parse::<u16>().ok()
    };
    let small = |range| u8::try_from(number(range)?).ok();
    let date =
        Date::from_calendar_date(i32::from(number(0..4).filter(|year| *year > 0)?), Month::try_from(small(4..6)?).ok()?, small(6..8)?)
            .ok()?;
    let whole = date.with_time(Time::from_hms(small(8..10)?, small(10..12)?, small(12..14)?).ok()?).assume_utc();
    if fraction.is_empty() {
        return Some(whole);
    }
    let fraction = fraction.strip_prefix('.')?;
    if fraction.is_empty() || fraction.ends_with('0') || !fraction.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let kept = fraction.get(..fraction.len().min(KEPT_DIGITS))?;
    let scale = 10_f64.powi(i32::try_from(kept.len()).ok()?);
    let ticks = kept.parse::<f64>().ok()? / scale * TICKS_PER_SECOND;
    #[expect(clippy::cast_possible_truncation, reason = "below ten million, and rounding down is what .NET does")]
    let ticks = ticks as i64;
    Some(whole + Duration::nanoseconds(ticks * 100))
}

#[cfg(test)]
mod tests;
