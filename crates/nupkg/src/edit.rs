//! Putting a signature in and taking it out: splices over the original bytes.

use crate::{Error, Layout};
use model::Splice;

impl Layout {
    /// The bytes whose digest a signature names (spec 2.2): the whole file when it is not signed.
    pub fn unsigned_form(&self) -> Result<Splice, Error> {
        unimplemented!()
    }

    /// The package with `p7s` as its signature, the one it has taken out first.
    pub fn sign(&self, _p7s: &[u8], _dos_time: u32) -> Result<Splice, Error> {
        unimplemented!()
    }

    /// The package with `p7s` in the place of the signature it has.
    pub fn replace_signature(&self, _p7s: &[u8]) -> Result<Splice, Error> {
        unimplemented!()
    }
}
