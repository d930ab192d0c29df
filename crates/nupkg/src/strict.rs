//! What may be signed: our own rules beside NuGet's (spec 1.11).

use crate::{Error, Layout, Limits, ReadAt};

impl Layout {
    /// Whether the package may be signed, as far as the directory and the signature's own local header show.
    pub fn check_signable(&self, _source: &dyn ReadAt, _limits: &Limits) -> Result<(), Error> {
        unimplemented!()
    }

    /// The same by every local header: for whoever has the whole file.
    pub fn check_local_headers(&self, _source: &dyn ReadAt) -> Result<(), Error> {
        unimplemented!()
    }
}
