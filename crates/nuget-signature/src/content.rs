//! The signed content: which digest of which package (spec 3.2).

use model::HashAlgorithm;

/// The signed content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureContent {
    /// The algorithm of the package digest.
    pub algorithm: HashAlgorithm,
    /// The digest as it stands in the content: base64, perhaps not even that.
    pub hash_base64: String,
}
