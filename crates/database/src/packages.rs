//! Packages: reading them, and asking which blobs they name.

use crate::records::select_view;
use crate::sql::{self, Columns};
use crate::{Database, Error, ErrorKind, PackageKey, PackageView};
use model::PackageIdentity;
use model::job::{JobId, JobState};

/// Which packages to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageFilter {
    /// Only those whose job is in this state.
    pub state: Option<JobState>,
    /// Only those with this id, lower-cased.
    pub id_lower: Option<String>,
    /// Only those after this key.
    pub after: Option<PackageKey>,
    /// At most so many.
    pub limit: u32,
}

impl Database {
    /// The package with this identity: the one that holds it, else the last that was rejected under it.
    pub async fn find(&self, identity: &PackageIdentity) -> Result<Option<PackageView>, Error> {
        self.find_by_key(&identity.id.to_lower(), &identity.version.to_lower()).await
    }

    /// The same by lower-cased id and lower-cased normalised version.
    pub async fn find_by_key(&self, id_lower: &str, version_lower: &str) -> Result<Option<PackageView>, Error> {
        const HOLDER: &str = concat!("-- find\n", select_view!(), "WHERE p.id_lower = $1 AND p.version_lower = $2 AND p.holds_identity");
        const REFUSED: &str = concat!(
            "-- find\n",
            select_view!(),
            "WHERE p.id_lower = $1 AND p.version_lower = $2 AND NOT p.holds_identity ORDER BY p.id DESC LIMIT 1"
        );
        for sql in [HOLDER, REFUSED] {
            let found = self.views(sql, [id_lower.into(), version_lower.into()]).await?.pop();
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The package of this job.
    pub async fn find_by_job(&self, job: JobId) -> Result<Option<PackageView>, Error> {
        const SQL: &str = concat!("-- find_by_job\n", select_view!(), "WHERE j.id = $1");
        Ok(self.views(SQL, [job.0.into()]).await?.pop())
    }

    /// The visible versions of an id (lower-cased), in no particular order.
    pub async fn visible_versions(&self, id_lower: &str) -> Result<Vec<PackageView>, Error> {
        const SQL: &str = concat!("-- visible_versions\n", select_view!(), "WHERE p.id_lower = $1 AND p.holds_identity AND p.visible");
        self.views(SQL, [id_lower.into()]).await
    }

    /// The nuspec as it stands in the package. `NotFound` when there is no such package.
    pub async fn nuspec(&self, package: PackageKey) -> Result<Vec<u8>, Error> {
        const SQL: &str = "-- nuspec\nSELECT nuspec FROM manifests WHERE package_key = $1";
        let row = sql::row(self.reader(), "reading a nuspec", sql::statement(SQL, [package.0.into()])).await?;
        let row = row.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no package row {package}")))?;
        Columns::of(&row).next()
    }

    /// The nuspecs of the visible versions of an id (lower-cased).
    pub async fn visible_nuspecs(&self, id_lower: &str) -> Result<Vec<(PackageKey, Vec<u8>)>, Error> {
        const SQL: &str = "-- visible_nuspecs\nSELECT p.id, m.nuspec FROM packages p JOIN manifests m ON m.package_key = p.id \
             WHERE p.id_lower = $1 AND p.holds_identity AND p.visible";
        let rows = sql::rows(self.reader(), "reading nuspecs", sql::statement(SQL, [id_lower.into()])).await?;
        let read = |row| {
            let mut columns = Columns::of(row);
            Ok((PackageKey(columns.next()?), columns.next()?))
        };
        rows.iter().map(read).collect()
    }

    /// Packages for an operator's eyes, by key.
    pub async fn packages(&self, filter: &PackageFilter) -> Result<Vec<PackageView>, Error> {
        const SQL: &str = concat!(
            "-- packages\n",
            select_view!(),
            "WHERE p.id > $1 AND ($2 IS NULL OR j.state = $2) AND ($3 IS NULL OR p.id_lower = $3) ORDER BY p.id LIMIT $4"
        );
        let after = filter.after.map_or(0, |key| key.0);
        let state = filter.state.map(JobState::as_str);
        self.views(SQL, [after.into(), state.into(), filter.id_lower.clone().into(), i64::from(filter.limit).into()]).await
    }

    /// Whether any row names the blob at `path`, as received or as signed.
    pub async fn names_blob(&self, path: &str) -> Result<bool, Error> {
        const SQL: &str = "-- names_blob\nSELECT EXISTS (SELECT 1 FROM packages WHERE incoming_blob = $1) \
             OR EXISTS (SELECT 1 FROM signatures WHERE signed_blob = $1)";
        let row = sql::row(self.reader(), "looking for a blob's name", sql::statement(SQL, [path.into()])).await?;
        row.map_or(Ok(false), |row| Columns::of(&row).next())
    }

    async fn views(&self, sql: &'static str, values: impl IntoIterator<Item = sea_orm::Value>) -> Result<Vec<PackageView>, Error> {
        let rows = sql::rows(self.reader(), "reading packages", sql::statement(sql, values)).await?;
        rows.iter().map(PackageView::read).collect()
    }
}
