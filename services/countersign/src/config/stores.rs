//! `Storage`, `Database`, `Queue`: where things are kept.

use config::Section;
use std::path::{Path, PathBuf};

/// Where things are kept.
#[derive(Debug, Clone)]
pub(crate) struct Stores {
    /// Folder of the blobs.
    pub(crate) blobs: PathBuf,
    /// Folder of uploads that are arriving; on the file system of the blobs.
    pub(crate) spool: PathBuf,
    /// Folder of the signing keys: only the worker is given it.
    pub(crate) keys: PathBuf,
    /// The SQLite file.
    pub(crate) database: PathBuf,
}

impl Stores {
    pub(super) fn read(root: &Section<'_>, data: &Path) -> Self {
        let storage = root.section("Storage");
        only(&storage, &["FileSystem", "FileStorage"]);
        let database = root.section("Database");
        only(&database, &["Sqlite"]);
        only(&root.section("Queue"), &["Database"]);
        let blobs = storage.filled("Path").map_or_else(|| data.join("packages"), PathBuf::from);
        Self {
            spool: blobs.join(".spool"),
            blobs,
            keys: storage.section("Keys").filled("Path").map_or_else(|| data.join("keys"), PathBuf::from),
            database: database.filled("ConnectionString").map_or_else(
                || data.join("countersign.db"),
                |text| {
                    // `Data Source=file`, `sqlite://file`, or the path alone.
                    let lower = text.to_lowercase();
                    let path = ["data source=", "filename=", "sqlite://", "sqlite:"]
                        .iter()
                        .find(|p| lower.starts_with(**p))
                        .map_or(text.as_str(), |p| &text[p.len()..]);
                    PathBuf::from(path.split(';').next().unwrap_or(path).trim())
                },
            ),
        }
    }
}

/// `Type` may be absent or one of these; others are named as not there yet.
fn only(section: &Section<'_>, types: &[&str]) {
    if let Some(said) = section.filled("Type")
        && !types.iter().any(|t| t.eq_ignore_ascii_case(&said))
    {
        section.problem("Type", format!("{said:?} is not one of {}", types.join(", ")));
    }
}
