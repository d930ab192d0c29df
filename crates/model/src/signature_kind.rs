//! What kind of NuGet signature something is (spec 4.5, commitment-type-indication).

/// The kind that the commitment-type-indication attribute gives a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureKind {
    /// proof-of-origin: made by the package's author.
    Author,
    /// proof-of-receipt: made by a repository.
    Repository,
    /// Neither, or no known commitment.
    Unknown,
}

impl SignatureKind {
    /// NuGet's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Author => "Author",
            Self::Repository => "Repository",
            Self::Unknown => "Unknown",
        }
    }
}
