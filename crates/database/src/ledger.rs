//! Whether every visible package carries a signature by a listed certificate.

use crate::{Database, Error};

/// How many visible packages there are, and how many of them carry a signature by an active certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Visible packages.
    pub visible: u64,
    /// Those without a signature by an active certificate.
    pub missing: u64,
}

impl Ledger {
    /// Whether none is missing.
    pub fn is_complete(self) -> bool {
        self.missing == 0
    }
}

impl Database {
    /// Counts the visible packages; as many steps as there are visible packages.
    pub async fn ledger(&self) -> Result<Ledger, Error> {
        unimplemented!()
    }

    /// Whether every visible package carries a signature by an active certificate; a few steps however many packages there are.
    pub async fn all_listed_signed(&self) -> Result<bool, Error> {
        unimplemented!()
    }
}
