//! commitment-type-indication (spec 4.5): what kind of signature this is.
//!
//! ```text
//! CommitmentTypeIndication ::= SEQUENCE { commitmentTypeId OBJECT IDENTIFIER,
//!     commitmentTypeQualifier SEQUENCE SIZE (1..MAX) OF SEQUENCE { OBJECT IDENTIFIER, qualifier ANY } OPTIONAL }
//! ```

use super::sequence_reader::SequenceReader;
use crate::error::Error;
use crate::signer_info::SignerInfo;
use crate::spec;
use model::signature_kind::SignatureKind;

const ORIGIN: &str = "1.2.840.113549.1.9.16.6.1";
const RECEIPT: &str = "1.2.840.113549.1.9.16.6.2";

/// The kind that all values of all such attributes make of a signature: unknown identifiers do not count, both known ones are
/// an error.
pub fn kind(signer: &SignerInfo) -> Result<SignatureKind, Error> {
    let mut kind = SignatureKind::Unknown;
    for value in signer.signed(spec::COMMITMENT_TYPE).flatten() {
        let this = match read(value)?.as_str() {
            ORIGIN => SignatureKind::Author,
            RECEIPT => SignatureKind::Repository,
            _ => continue,
        };
        kind = match kind {
            SignatureKind::Unknown => this,
            known if known == this => known,
            // NuGet reads the rest first, and its faults come first.
            _ => {
                signer.signed(spec::COMMITMENT_TYPE).flatten().try_for_each(|value| read(value).map(drop))?;
                return Err(Error::Commitment("it is of an author and of a repository"));
            }
        };
    }
    Ok(kind)
}

fn read(value: &[u8]) -> Result<String, Error> {
    let mut indication = SequenceReader::payload(value).read_sequence()?;
    let oid = indication.read_oid()?;
    if indication.has_data() {
        let mut qualifiers = indication.read_sequence()?;
        if !qualifiers.has_data() {
            return Err(Error::Commitment("its list of qualifiers is empty"));
        }
        while qualifiers.has_data() {
            let mut qualifier = qualifiers.read_sequence()?;
            qualifier.read_oid()?;
            if qualifier.has_data() {
                qualifier.read_encoded()?;
                if qualifier.has_data() {
                    return Err(Error::Commitment("a qualifier has more than it may"));
                }
            }
        }
    }
    Ok(oid)
}
