//! Taking a repository's signature out of a package.

use crate::Error;
use model::Splice;
use model::signature_kind::SignatureKind;
use nuget_signature::parse::PrimarySignature;
use nuget_signature::surgery;
use nupkg::Layout;

/// The package without its repository signature: a primary one goes with its entry, and the bytes that it names are left; a
/// countersignature goes out of the author's signature, whose entry keeps its place and header fields.
///
/// [`Error::NothingToCut`] when there is neither; NU3000 when the package is not signed. `signature` is what
/// [`Layout::signature_bytes`] gives of the package.
pub fn unsign(layout: &Layout, signature: Option<&[u8]>) -> Result<Splice, Error> {
    let Some(signature) = signature else { return Err(nupkg::Error::NotSigned.into()) };
    if PrimarySignature::parse(signature.to_vec())?.kind() == SignatureKind::Repository {
        return Ok(layout.unsigned_form()?);
    }
    match surgery::remove_repository_countersignatures(signature)? {
        Some(restored) => Ok(layout.replace_signature(&restored)?),
        None => Err(Error::NothingToCut),
    }
}
