//! nuget-package-owners (spec 4.5): `SEQUENCE SIZE (1..MAX) OF UTF8String`.

use super::sequence_reader::SequenceReader;
use crate::error::Error;
use crate::signer_info::SignerInfo;
use crate::spec;

/// The owners, in order; none when the attribute is absent.
pub fn read(signer: &SignerInfo) -> Result<Vec<String>, Error> {
    let mut attributes = signer.signed(spec::PACKAGE_OWNERS);
    let Some(values) = attributes.next() else { return Ok(Vec::new()) };
    if attributes.next().is_some() {
        return Err(Error::Structure("there are several nuget-package-owners attributes"));
    }
    let [value] = values.as_slice() else { return Err(Error::Owners("it must have exactly one value")) };
    let mut reader = SequenceReader::payload(value);
    let mut list = reader.read_sequence()?;
    let mut owners = Vec::new();
    while list.has_data() {
        let owner = list.read_utf8()?;
        if owner.trim().is_empty() {
            return Err(Error::Owners("an owner is blank"));
        }
        owners.push(owner);
    }
    if owners.is_empty() {
        return Err(Error::Owners("it names nobody"));
    }
    Ok(owners)
}
