//! What NuGet's verifier sees, odd archives included.
//!
//! Two parsers look at a package (spec 1.3): .NET's `ZipArchive` decides whether it opens and whether it is signed
//! ([`open`]); NuGet's own finds the signature and what is hashed ([`signature_bytes`], [`package_hash`]). Both decisions are
//! reproduced here, where they are lenient too. Nothing here says what may be signed: that is [`crate::Layout`].

mod hash;
mod metadata;
mod window;
mod zip_archive;

use crate::record::{LOCAL_LEN, LocalHeader};
use crate::{ReadAt, SignatureFault};
use metadata::Metadata;
use model::{Digest, HashAlgorithm};
use std::io;

/// More of a signature file than this is not read: trailing bytes mean nothing to NuGet (spec 1.5), and no signature is as long.
const MAX_SIGNATURE: u64 = 16 << 20;

/// Whether .NET's `ZipArchive` finds a signature: the gate before everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// No entry is named `.signature.p7s`.
    Unsigned,
    /// One is.
    Signed,
}

/// Why NuGet gets no further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// `InvalidDataException`: no NU code, refused in every mode.
    #[error("the archive is invalid: {0}")]
    InvalidData(&'static str),
    /// `EndOfStreamException`: no NU code, refused in every mode.
    #[error("the archive ends too early")]
    EndOfStream,
    /// NU3005.
    #[error("the package signature file entry is invalid: {0}")]
    SignatureEntry(SignatureFault),
    /// NU3003 inside NuGet: its own parser does not find the package signed (spec 1.3).
    #[error("the package is not signed")]
    NotSigned,
    /// Two entries at one offset: NuGet's answer depends on an unstable sort (spec 2.2), so ours is no.
    #[error("two entries start at one offset")]
    SharedOffset,
    /// `ArgumentOutOfRangeException`: an entry starts behind the directory.
    #[error("an entry starts behind the directory")]
    NegativeExtent,
    /// The source could not be read.
    #[error("the package could not be read")]
    Read(#[source] io::Error),
}

impl Fault {
    /// NuGet's number, where its exception carries one.
    pub fn nu(&self) -> Option<model::NuCode> {
        match self {
            Self::SignatureEntry(_) => Some(model::NuCode(3005)),
            Self::NotSigned => Some(model::NuCode(3003)),
            _ => None,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::EndOfStream,
            _ => Self::Read(error),
        }
    }
}

/// Opens the archive as .NET's `ZipArchive` does, and asks whether the package is signed (spec 1.3).
pub fn open(source: &dyn ReadAt) -> Result<Gate, Fault> {
    zip_archive::open(source)
}

/// The bytes of the signature, by NuGet's own parser and the rules of spec 1.5.
pub fn signature_bytes(source: &dyn ReadAt) -> Result<Vec<u8>, Fault> {
    let metadata = Metadata::read(source)?;
    let entry = metadata.signature();
    let fault = |fault| Err(Fault::SignatureEntry(fault));
    if entry.flags != 0 {
        return fault(SignatureFault::Flags);
    }
    if entry.method != 0 {
        return fault(SignatureFault::Compressed);
    }
    if entry.compressed_size != entry.uncompressed_size {
        return fault(SignatureFault::Sizes);
    }
    if entry.external_attributes != 0 {
        return fault(SignatureFault::Attributes);
    }
    let Some(local) = read_local(source, entry.offset)? else {
        return fault(SignatureFault::NoLocalHeader);
    };
    if local.flags != 0 {
        return fault(SignatureFault::Flags);
    }
    if local.method != 0 {
        return fault(SignatureFault::Compressed);
    }
    if local.compressed_size != local.uncompressed_size {
        return fault(SignatureFault::Sizes);
    }
    let start = entry.offset + local.len();
    let len = u64::from(local.uncompressed_size);
    if start + len > source.size() {
        return Err(Fault::EndOfStream);
    }
    let mut content = vec![0; usize::try_from(len.min(MAX_SIGNATURE)).unwrap_or(0)];
    source.read_exact_at(start, &mut content)?;
    Ok(content)
}

/// The digest that the signature must name (spec 2.2). Every fault but a failed read is NU3008.
pub fn package_hash(source: &dyn ReadAt, algorithm: HashAlgorithm) -> Result<Digest, Fault> {
    let metadata = Metadata::read(source)?;
    if !hash::own_parser_finds_signature(source, &metadata)? {
        return Err(Fault::NotSigned);
    }
    if hash::shares_offsets(&metadata) {
        return Err(Fault::SharedOffset);
    }
    hash::of_signed(source, &metadata, algorithm)
}

/// The content hash for lock files: SHA-512 in base64, for unsigned packages too.
pub fn content_hash(source: &dyn ReadAt) -> Result<String, Fault> {
    let digest = match open(source)? {
        Gate::Unsigned => hash::of_whole(source, HashAlgorithm::Sha512)?,
        Gate::Signed => hash::of_signed(source, &Metadata::read(source)?, HashAlgorithm::Sha512)?,
    };
    Ok(digest.to_base64())
}

/// The local header at `offset`; `None` when there is none.
fn read_local(source: &dyn ReadAt, offset: u64) -> Result<Option<LocalHeader>, Fault> {
    let mut fixed = [0; LOCAL_LEN];
    source.read_exact_at(offset, &mut fixed)?;
    Ok(LocalHeader::parse(&fixed))
}
