//! What a data folder keeps, looked at from outside the process that made it.

use database::{AuditRow, Database, DatabaseConfig, PackageFilter, PackageView};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Rows and files of a data folder.
pub(super) struct Kept {
    /// Every package row, those of refused packages too.
    pub(super) packages: Vec<PackageView>,
    /// Every audit row.
    pub(super) audit: Vec<AuditRow>,
    /// Paths of all blobs, as rows name them.
    pub(super) blobs: BTreeSet<String>,
    /// Files that are no blobs and lie in the package store: uploads, halves, probes.
    pub(super) strays: Vec<PathBuf>,
    /// Folders of processes on the spool.
    pub(super) spools: usize,
}

impl Kept {
    /// Reads the data folder, whether somebody serves it or not.
    pub(super) fn read(data: &Path) -> Self {
        let (packages, audit) = on_database(data, async |database| {
            let all = PackageFilter { limit: 100_000, ..PackageFilter::default() };
            (database.packages(&all).await.unwrap(), database.audit(0, 1_000_000).await.unwrap())
        });
        let mut kept = Self { packages, audit, blobs: BTreeSet::new(), strays: Vec::new(), spools: 0 };
        kept.walk(&data.join("packages"), &data.join("packages"));
        kept
    }

    fn walk(&mut self, root: &Path, folder: &Path) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for path in entries.map(|e| e.unwrap().path()) {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                self.spools += usize::from(name.starts_with(".spool/"));
                self.walk(root, &path);
            } else if name.starts_with("incoming/") || name.starts_with("signed/") {
                self.blobs.insert(name);
            } else if !name.ends_with("/lock") && !name.starts_with("locks/") {
                // Locks are files that stay; everything else has no business here.
                self.strays.push(path);
            }
        }
    }

    /// Paths of the blobs that rows name.
    pub(super) fn named(&self) -> BTreeSet<String> {
        let incoming = self.packages.iter().map(|view| view.package.incoming.clone());
        let signed = self.packages.iter().filter_map(|view| view.signature.as_ref()?.signed.clone());
        incoming.chain(signed).collect()
    }

    /// How often a key was about to be asked.
    pub(super) fn intents(&self) -> usize {
        self.audit.iter().filter(|row| row.intent.is_none()).count()
    }

    /// How many signatures were published.
    pub(super) fn published(&self) -> usize {
        self.audit.iter().filter(|row| row.outcome.as_deref() == Some("signed")).count()
    }
}

/// Does something with the database of a data folder.
pub(super) fn on_database<T>(data: &Path, ask: impl AsyncFnOnce(&Database) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let database = Database::connect(&DatabaseConfig::file(&data.join("countersign.db"))).await.unwrap();
        let answer = ask(&database).await;
        database.close().await;
        answer
    })
}
