//! Where the database is and how hard it is worked.

use std::path::Path;
use std::time::Duration;

/// Where the database is and how hard it is worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseConfig {
    /// `sqlite:///absolute/path` or `sqlite://relative/path`; the file is made when it is not there.
    pub url: String,
    /// Connections for reading.
    pub readers: u32,
    /// How long a statement waits for another process to end its transaction.
    pub busy_timeout: Duration,
    /// Writes that may wait; one more is refused as unavailable.
    pub queue: usize,
    /// Writes in one transaction at the most.
    pub batch: usize,
    /// How often waits look at the rows, for what other processes write; wakes within the process need no look.
    pub poll: Duration,
    /// After a settle, how long the settling worker has for writing the signed blob before others may.
    pub write_back_grace: Duration,
}

impl DatabaseConfig {
    /// The defaults, on the SQLite file at `path`.
    pub fn file(path: &Path) -> Self {
        let path = path.as_os_str().as_encoded_bytes();
        let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"/._-~".contains(&octet);
        let encoded: String = path.iter().map(|o| if plain(*o) { char::from(*o).to_string() } else { format!("%{o:02X}") }).collect();
        Self::url(format!("sqlite://{encoded}"))
    }

    /// The defaults, at `url`.
    pub fn url(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            // Reads are short and served from the page cache; more connections than this only queue elsewhere.
            readers: 4,
            busy_timeout: Duration::from_secs(10),
            queue: 8192,
            batch: 512,
            poll: Duration::from_millis(500),
            write_back_grace: Duration::from_secs(60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_marks_of_addresses_in_it_is_that_path() {
        assert_eq!(DatabaseConfig::file(Path::new("/data/a b?#%.db")).url, "sqlite:///data/a%20b%3F%23%25.db");
    }
}
