//! The signed attributes, exactly those of spec 4.4 and 4.5.

use super::{Attributes, CertificateFields, Error};
use crate::der_writer::{constructed, element, null, octet_string, oid, sequence, set_of, time, unsigned_integer};
use crate::reader::Element;
use crate::spec::{self, tag};
use model::signature_kind::SignatureKind;
use model::{Digest, HashAlgorithm};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// One attribute: its type, and its value as a whole element.
pub(crate) type Attribute = (&'static [u8], Vec<u8>);

/// Writes the DER SET (tag 0x31) that is hashed and signed. A countersignature has no content-type (spec 4.4).
pub(super) fn write(attributes: &Attributes<'_>, message: Digest, is_primary: bool) -> Result<Vec<u8>, Error> {
    let mut list: Vec<Attribute> = Vec::new();
    if is_primary {
        list.push((spec::CONTENT_TYPE, oid(spec::ID_DATA)));
    }
    list.push((spec::SIGNING_TIME, time(attributes.signing_time)));
    list.push((spec::COMMITMENT_TYPE, sequence([oid(commitment(attributes.kind)?)])));
    list.push((spec::MESSAGE_DIGEST, octet_string(message.as_bytes())));
    list.push((spec::SIGNING_CERTIFICATE_V2, signing_certificate(attributes.certificate, attributes.algorithm)?));
    list.extend(service_index(attributes)?);
    list.extend(owners(attributes)?);
    #[cfg(feature = "faults")]
    crate::assemble::faults::break_attributes(&mut list, attributes);
    Ok(set_of(tag::SET, list.iter().map(|(kind, value)| attribute(kind, value)).collect()))
}

/// `SEQUENCE { type, SET { value } }`.
pub(crate) fn attribute(kind: &[u8], value: &[u8]) -> Vec<u8> {
    sequence([oid(kind), element(tag::SET, value)])
}

fn commitment(kind: SignatureKind) -> Result<&'static [u8], Error> {
    match kind {
        SignatureKind::Author => Ok(spec::PROOF_OF_ORIGIN),
        SignatureKind::Repository => Ok(spec::PROOF_OF_RECEIPT),
        SignatureKind::Unknown => Err(Error::Kind),
    }
}

/// SigningCertificateV2 with one ESSCertIDv2: explicit hash algorithm without parameters, and issuerSerial.
pub(crate) fn signing_certificate(certificate: &[u8], algorithm: HashAlgorithm) -> Result<Vec<u8>, Error> {
    let fields = CertificateFields::read(certificate).map_err(Error::Certificate)?;
    if !fields.has_plain_serial() {
        return Err(Error::Serial);
    }
    let directory_name = element(tag::constructed(4), fields.issuer);
    let issuer_serial = sequence([sequence([directory_name]), unsigned_integer(fields.serial)]);
    let identifier =
        sequence([sequence([oid(spec::hash_oid(algorithm))]), octet_string(algorithm.digest(certificate).as_bytes()), issuer_serial]);
    Ok(sequence([sequence([identifier])]))
}

fn service_index(attributes: &Attributes<'_>) -> Result<Option<Attribute>, Error> {
    match (attributes.kind, attributes.service_index) {
        (SignatureKind::Repository, Some(url)) => {
            let scheme = url.get(..8).ok_or(Error::ServiceIndex)?;
            let usable = scheme.eq_ignore_ascii_case("https://") && url.len() > scheme.len() && url.bytes().all(|b| b.is_ascii_graphic());
            if usable { Ok(Some((spec::SERVICE_INDEX_URL, element(tag::IA5_STRING, url.as_bytes())))) } else { Err(Error::ServiceIndex) }
        }
        (SignatureKind::Repository, None) | (_, Some(_)) => Err(Error::ServiceIndex),
        (_, None) => Ok(None),
    }
}

fn owners(attributes: &Attributes<'_>) -> Result<Option<Attribute>, Error> {
    if attributes.owners.is_empty() {
        return Ok(None);
    }
    let is_blank = |owner: &String| owner.trim_matches(|c: char| c.is_whitespace() || c == '\0').is_empty();
    if attributes.kind != SignatureKind::Repository || attributes.owners.iter().any(is_blank) {
        return Err(Error::Owners);
    }
    let names = attributes.owners.iter().map(|owner| element(tag::UTF8_STRING, owner.as_bytes()));
    Ok(Some((spec::PACKAGE_OWNERS, constructed(tag::SEQUENCE, names))))
}

/// `SEQUENCE { algorithm, NULL }`: how RSA's identifier is written.
pub(crate) fn rsa_encryption() -> Vec<u8> {
    sequence([oid(spec::RSA_ENCRYPTION), null()])
}

/// The signing time in a SET of signed attributes of ours; `None` when there is none.
pub(super) fn signing_time(signed_attributes: &[u8]) -> Option<OffsetDateTime> {
    let set = Element::only(signed_attributes).ok()?;
    let attribute = set.children().ok()?.into_iter().find_map(|attribute| {
        let parts = attribute.children().ok()?;
        (parts.first()?.content() == spec::SIGNING_TIME).then(|| parts.get(1).copied()).flatten()
    })?;
    let value = attribute.children().ok()?.first().copied()?;
    let text = std::str::from_utf8(value.content()).ok()?.strip_suffix('Z')?;
    let (year, rest) = match value.tag {
        tag::UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i32 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        tag::GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let field = |index: usize| rest.get(2 * index..2 * index + 2)?.parse::<u8>().ok();
    let date = Date::from_calendar_date(year, Month::try_from(field(0)?).ok()?, field(1)?).ok()?;
    Some(PrimitiveDateTime::new(date, Time::from_hms(field(2)?, field(3)?, field(4)?).ok()?).assume_utc())
}
