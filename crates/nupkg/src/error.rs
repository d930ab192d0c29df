//! Why a package is refused, or could not be read.

use crate::MissingRange;
use model::package::IdentityError;
use model::{Code, NuCode, Refusal};
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// What `nupkg` has to say against a package. Offsets and lengths are bytes of the file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not a ZIP archive that can be read.
    #[error("the package is not a ZIP archive that can be read: {0}")]
    Malformed(Malformed),
    /// Bytes stand before the first entry.
    #[error("{len} bytes stand before the first entry")]
    Prefix {
        /// How many.
        len: u64,
    },
    /// Bytes that belong to nothing.
    #[error("{len} bytes at {at} belong to no entry")]
    Gap {
        /// Where they start.
        at: u64,
        /// How many.
        len: u64,
    },
    /// Bytes stand after the end record and its comment.
    #[error("{len} bytes stand after the end record")]
    Trailing {
        /// How many.
        len: u64,
    },
    /// Two entries share bytes, or an entry and the directory.
    #[error("the entry at {at} shares bytes with another")]
    Overlap {
        /// Where the entry starts.
        at: u64,
    },
    /// A local entry that the directory does not name.
    #[error("a local entry at {at} is not in the directory")]
    HiddenEntry {
        /// Where it starts.
        at: u64,
    },
    /// Counts, sizes or disk numbers of the end record disagree with each other or with the directory.
    #[error("the end record disagrees with the directory")]
    Counts,
    /// The archive comment holds an end record's signature.
    #[error("the archive comment holds the signature of an end record")]
    Comment,
    /// A local header's name is not the directory's.
    #[error("the local header at {at} does not agree with the directory")]
    NamesDiffer {
        /// Where the local header is.
        at: u64,
    },
    /// Two entries have one name, or names equal but for case, and it is the nuspec's or the signature's.
    #[error("another entry is named like {name:?}")]
    DuplicateName {
        /// The name, as far as it is UTF-8.
        name: String,
    },
    /// Zip64, which NuGet does not sign.
    #[error("signed Zip64 packages are not supported")]
    Zip64,
    /// The signed package would need Zip64.
    #[error("the signed package would not fit in a ZIP archive without Zip64 (4 GiB)")]
    NeedsZip64,
    /// More entries than can be signed, or than the limit.
    #[error("the package has {count} entries, the limit is {limit}")]
    TooManyEntries {
        /// How many it has.
        count: u64,
        /// How many it may have.
        limit: u64,
    },
    /// The directory is over the limit.
    #[error("the central directory has {len} bytes, the limit is {limit}")]
    DirectoryTooLarge {
        /// Its size.
        len: u64,
        /// What it may be.
        limit: u64,
    },
    /// A name is over the limit.
    #[error("the name of an entry has {len} bytes, the limit is {limit}")]
    NameTooLong {
        /// Its size.
        len: u64,
        /// What it may be.
        limit: u64,
    },
    /// The signature entry breaks a rule of spec 1.5.
    #[error("the package signature file entry is invalid: {0}")]
    SignatureEntry(SignatureFault),
    /// The signature file is over the limit.
    #[error("the package signature file has {len} bytes, the limit is {limit}")]
    SignatureTooLarge {
        /// Its size.
        len: u64,
        /// What it may be.
        limit: u64,
    },
    /// There is no signature to take out or replace.
    #[error("the package is not signed")]
    NotSigned,
    /// No nuspec at the root.
    #[error("the package has no nuspec at its root")]
    NuspecMissing,
    /// More than one nuspec at the root.
    #[error("the package has more than one nuspec at its root")]
    NuspecAmbiguous,
    /// The nuspec is over the limit.
    #[error("the nuspec is over {limit} bytes")]
    NuspecTooLarge {
        /// What it may be.
        limit: u64,
    },
    /// The nuspec cannot be read.
    #[error("the nuspec cannot be read: {reason}")]
    NuspecInvalid {
        /// What is wrong with it.
        reason: String,
    },
    /// Its id or version is not one.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The source could not be read.
    #[error("the package could not be read")]
    Read(#[source] ReadFailure),
}

/// What makes an archive unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// No end record where one must be.
    #[error("there is no end of central directory record")]
    NoEndRecord,
    /// The end record does not fit into the file.
    #[error("the end of central directory record is cut off")]
    EndRecordCutOff,
    /// The directory is not where the end record says.
    #[error("the central directory is not where the end record says")]
    NoDirectory,
    /// The archive has no entries.
    #[error("the archive has no entries")]
    Empty,
    /// A directory header does not fit.
    #[error("a header of the central directory is cut off")]
    HeaderCutOff,
    /// A directory header names a place outside the entries.
    #[error("an entry lies outside the file")]
    EntryOutside,
    /// There is no local header where the directory says.
    #[error("there is no local header where the directory says")]
    NoLocalHeader,
    /// An extra field block ends in two or three stray bytes.
    #[error("an extra field is cut off")]
    ExtraField,
}

/// What is wrong with the signature entry (spec 1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureFault {
    /// There is none that NuGet's own parser finds.
    #[error("there is none")]
    Absent,
    /// There are two.
    #[error("there is more than one")]
    Several,
    /// It is marked as having a UTF-8 name, so that half of NuGet does not see it.
    #[error("its name is marked as UTF-8")]
    Utf8Name,
    /// General-purpose flags are set.
    #[error("it has general purpose flags")]
    Flags,
    /// It is compressed.
    #[error("it is compressed")]
    Compressed,
    /// Compressed and uncompressed size differ.
    #[error("its sizes differ")]
    Sizes,
    /// It has external attributes.
    #[error("it has external file attributes")]
    Attributes,
    /// There is no local header.
    #[error("it has no local file header")]
    NoLocalHeader,
    /// It reaches past the end of the file.
    #[error("it reaches past the end of the file")]
    PastEnd,
}

impl Error {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Malformed(_) => Code::ZipMalformed,
            Self::Prefix { .. } => Code::ZipPrefix,
            Self::Gap { .. } => Code::ZipGap,
            Self::Trailing { .. } => Code::ZipTrailingData,
            Self::Overlap { .. } => Code::ZipOverlap,
            Self::HiddenEntry { .. } => Code::ZipHiddenEntry,
            Self::Counts => Code::ZipCounts,
            Self::Comment => Code::ZipComment,
            Self::NamesDiffer { .. } => Code::ZipNamesDiffer,
            Self::DuplicateName { .. } => Code::ZipDuplicateName,
            Self::Zip64 | Self::NeedsZip64 => Code::Zip64,
            Self::TooManyEntries { .. } => Code::TooManyEntries,
            Self::DirectoryTooLarge { .. } => Code::DirectoryTooLarge,
            Self::NameTooLong { .. } => Code::NameInvalid,
            Self::SignatureEntry(_) => Code::SignatureEntryInvalid,
            Self::SignatureTooLarge { .. } => Code::SignatureTooLarge,
            // Only a tool that takes signatures out meets it.
            Self::NotSigned => Code::SignatureInvalid,
            Self::NuspecMissing => Code::NuspecMissing,
            Self::NuspecAmbiguous => Code::NuspecAmbiguous,
            Self::NuspecTooLarge { .. } => Code::NuspecTooLarge,
            Self::NuspecInvalid { .. } => Code::NuspecInvalid,
            Self::Identity(IdentityError::Id(_)) => Code::IdInvalid,
            Self::Identity(IdentityError::Version(_)) => Code::VersionInvalid,
            Self::Read(_) => Code::Internal,
        }
    }

    /// NuGet's number for the condition, where it has one.
    pub fn nu(&self) -> Option<NuCode> {
        match self {
            Self::NotSigned => Some(NuCode(3000)),
            // NuGet answers a size past the end with a bare exception.
            Self::SignatureEntry(SignatureFault::PastEnd) => None,
            Self::SignatureEntry(_) => Some(NuCode(3005)),
            Self::Zip64 => Some(NuCode(3006)),
            // A lower limit of ours is not NuGet's refusal.
            Self::TooManyEntries { count, .. } if *count > crate::layout::MAX_ENTRIES => Some(NuCode(3039)),
            _ => None,
        }
    }

    /// As a refusal that a caller may read.
    pub fn to_refusal(&self) -> Refusal {
        Refusal { code: self.code(), nu: self.nu(), reason: self.to_string() }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Read(ReadFailure(Arc::new(error)))
    }
}

/// An I/O error that can be compared: by kind and words.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct ReadFailure(Arc<io::Error>);

impl ReadFailure {
    /// The error.
    pub fn io(&self) -> &io::Error {
        &self.0
    }

    /// The range that a [`crate::Tail`] lacked.
    pub fn missing(&self) -> Option<Range<u64>> {
        MissingRange::of(&self.0)
    }
}

impl PartialEq for ReadFailure {
    fn eq(&self, other: &Self) -> bool {
        self.0.kind() == other.0.kind() && self.0.to_string() == other.0.to_string()
    }
}
