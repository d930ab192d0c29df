//! Whether every visible package carries a signature by a listed certificate.

use crate::sql::{self, Columns};
use crate::{Database, Error, ErrorKind};

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
        const SQL: &str = "-- ledger\nSELECT COALESCE(SUM(held.packages), 0), \
             COALESCE(SUM(CASE WHEN c.active THEN 0 ELSE held.packages END), 0) \
             FROM (SELECT signed_by, count(*) AS packages FROM packages WHERE visible GROUP BY signed_by) AS held \
             LEFT JOIN certificates c ON c.fingerprint = held.signed_by";
        let row = sql::row(self.reader(), "counting visible packages", sql::statement(SQL, [])).await?;
        let row = row.ok_or_else(|| Error::new(ErrorKind::Internal, "the ledger gave no row"))?;
        let mut columns = Columns::of(&row);
        Ok(Ledger { visible: columns.next_u64()?, missing: columns.next_u64()? })
    }

    /// Whether every visible package carries a signature by an active certificate; a few steps however many packages there are.
    pub async fn all_listed_signed(&self) -> Result<bool, Error> {
        // A package is signed only by announced certificates (settling sees to it), so the inactive ones are the others.
        const SQL: &str = "-- all_listed_signed\nSELECT NOT EXISTS (SELECT 1 FROM packages WHERE visible AND signed_by IS NULL) \
             AND NOT EXISTS (SELECT 1 FROM certificates c WHERE NOT c.active \
             AND EXISTS (SELECT 1 FROM packages p WHERE p.visible AND p.signed_by = c.fingerprint))";
        let row = sql::row(self.reader(), "asking the ledger", sql::statement(SQL, [])).await?;
        row.map_or(Ok(false), |row| Columns::of(&row).next())
    }
}
