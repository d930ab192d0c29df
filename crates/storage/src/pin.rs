//! Which bytes a name stood for when it was looked at.

use std::fmt;
use std::fs::Metadata;
use std::time::UNIX_EPOCH;

/// An opaque mark of one state of a blob: the store's ETag. Two equal pins of one path mean the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pin(String);

impl Pin {
    /// The pin that a row keeps.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As a row keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Inode, time of last change and size, in the spelling of `object_store`'s local ETag, so that its conditional reads agree with ours.
    pub(crate) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        let changed = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default().as_micros();
        Self(format!("\"{inode:x}-{changed:x}-{:x}\"", metadata.len()))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
