//! What NuGet's verifier sees.

use crate::ReadAt;
use model::{Digest, HashAlgorithm};

/// Whether .NET's `ZipArchive` finds a signature.
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
    SignatureEntry(crate::SignatureFault),
    /// The source could not be read.
    #[error("the package could not be read")]
    Read(#[source] std::io::Error),
}

/// Opens the archive as .NET's `ZipArchive` does, and asks whether the package is signed.
pub fn open(_source: &dyn ReadAt) -> Result<Gate, Fault> {
    unimplemented!()
}

/// The bytes of the signature.
pub fn signature_bytes(_source: &dyn ReadAt) -> Result<Vec<u8>, Fault> {
    unimplemented!()
}

/// The digest that the signature must name; every fault but a failed read is NU3008.
pub fn package_hash(_source: &dyn ReadAt, _algorithm: HashAlgorithm) -> Result<Digest, Fault> {
    unimplemented!()
}

/// The content hash for lock files: SHA-512 in base64, for unsigned packages too.
pub fn content_hash(_source: &dyn ReadAt) -> Result<String, Fault> {
    unimplemented!()
}
