//! The names of blobs.

use model::Digest;
use std::fmt;

/// What a blob is; its text is its path, and rows keep that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StorageKey {
    /// A package as it came, by the SHA-256 of the file.
    Incoming(Digest),
    /// A signed package, by the SHA-256 of its unsigned form and that of its `.signature.p7s`.
    Signed {
        /// SHA-256 of the unsigned form.
        unsigned_sha256: Digest,
        /// SHA-256 of the signature file.
        p7s_sha256: Digest,
    },
}

impl StorageKey {
    /// The folder of [`Self::Incoming`].
    pub const INCOMING: &'static str = "incoming";
    /// The folder of [`Self::Signed`].
    pub const SIGNED: &'static str = "signed";

    /// The blob's path in the store.
    pub fn path(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for StorageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incoming(sha256) => write!(f, "{}/{}.nupkg", Self::INCOMING, sha256.to_hex()),
            Self::Signed { unsigned_sha256, p7s_sha256 } => {
                write!(f, "{}/{}/{}.nupkg", Self::SIGNED, unsigned_sha256.to_hex(), p7s_sha256.to_hex())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::HashAlgorithm;

    #[test]
    fn paths_are_as_the_design_says() {
        let (a, b) = (HashAlgorithm::Sha256.digest(b"a"), HashAlgorithm::Sha256.digest(b"b"));
        assert_eq!(StorageKey::Incoming(a).path(), format!("incoming/{}.nupkg", a.to_hex()));
        let signed = StorageKey::Signed { unsigned_sha256: a, p7s_sha256: b };
        assert_eq!(signed.path(), format!("signed/{}/{}.nupkg", a.to_hex(), b.to_hex()));
    }
}
