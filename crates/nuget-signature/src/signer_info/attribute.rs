//! Attributes of a SignerInfo: `SEQUENCE { type OBJECT IDENTIFIER, values SET OF ANY }`.

use crate::primitive;
use crate::reader::{Element, Error, Fields};
use crate::spec::tag;
use bytes::Bytes;
use std::ops::Range;

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Content octets of its identifier.
    pub oid: Bytes,
    /// Where the whole attribute lies in the file.
    pub range: Range<usize>,
    /// Where the SET of its values (whole element) lies in the file.
    pub set: Range<usize>,
    /// Where each value lies in the file, in file order.
    pub values: Vec<Range<usize>>,
}

/// A list of attributes, signed or unsigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// Where the whole list (tag `[0]` or `[1]`) lies in the file.
    pub range: Range<usize>,
    /// Where its content lies.
    pub content: Range<usize>,
    /// Each attribute, in file order.
    pub list: Vec<Attribute>,
    /// Whether every value has a DER header, without which .NET cannot encode it again.
    pub values_have_der_headers: bool,
}

impl Attributes {
    pub(crate) fn decode(set: &Element<'_>) -> Result<Self, Error> {
        let (mut list, mut values_have_der_headers) = (Vec::new(), true);
        for attribute in set.children()? {
            let mut fields = Fields::of(&attribute.expect(tag::SEQUENCE)?)?;
            let oid = Bytes::copy_from_slice(primitive::oid(fields.any()?)?);
            let values = fields.take(tag::SET)?;
            fields.finish()?;
            let (range, set) = (attribute.range(), values.range());
            let values = values.children()?;
            values_have_der_headers &= values.iter().all(Element::has_der_header);
            list.push(Attribute { oid, range, set, values: values.iter().map(Element::range).collect() });
        }
        Ok(Self { range: set.range(), content: set.content_start..set.content_end, list, values_have_der_headers })
    }
}

impl Attribute {
    /// The attribute encoded again as .NET does it: DER headers, the values sorted and each as it stands.
    pub(crate) fn to_der(&self, file: &[u8]) -> Vec<u8> {
        let mut values: Vec<&[u8]> = self.values.iter().map(|range| file.get(range.clone()).unwrap_or_default()).collect();
        values.sort_unstable();
        let oid = der(tag::OID, &[&self.oid]);
        let set = der(tag::SET, &values);
        der(tag::SEQUENCE, &[&oid, &set])
    }
}

/// A SET with these elements in this order.
pub(crate) fn der_set(elements: &[Vec<u8>]) -> Vec<u8> {
    der(tag::SET, &elements.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// A DER element with this content.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    match u8::try_from(length) {
        Ok(length) if length < 0x80 => out.push(length),
        _ => {
            let octets: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
            out.push(0x80 | u8::try_from(octets.len()).unwrap_or(0));
            out.extend(octets);
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}
