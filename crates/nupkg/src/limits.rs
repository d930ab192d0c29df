//! How much of a package is read before it is refused.

/// Limits on what one package may hold. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries beside the signature. NuGet signs no more than 65,533 (spec 1.9), so a higher limit has no effect.
    pub entries: usize,
    /// The central directory.
    pub directory_bytes: u64,
    /// One entry's name.
    pub name_bytes: usize,
    /// The nuspec, inflated.
    pub nuspec_bytes: u64,
    /// `.signature.p7s`.
    pub signature_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 65_533, directory_bytes: 32 << 20, name_bytes: 1024, nuspec_bytes: 1 << 20, signature_bytes: 1 << 20 }
    }
}
