//! The package format: a ZIP with rules.
//!
//! * [`Layout`] is the archive as NuGet's own parser sees it, out of its last kilobytes: end record and directory. Over it
//!   stand the strict checks of what may be signed, and the edits, each a [`model::Splice`] over the original bytes.
//! * [`nuget_view`] is what NuGet's verifier sees, odd archives included; it never decides what we sign.
//! * [`manifest`] reads the nuspec.
//!
//! Invariants: a signature is an opaque entry here; nothing is decoded and encoded again; nothing is allocated by a size that
//! the file claims before that size is held against the file and [`Limits`]. Pure: bytes come through [`ReadAt`].

mod digest;
mod dos_time;
mod edit;
mod error;
mod layout;
mod limits;
pub mod manifest;
pub mod nuget_view;
mod read_at;
mod record;
mod signature_entry;
mod strict;
mod tail;

pub use digest::digest;
pub use dos_time::dos_time;
pub use error::{Error, Malformed, ReadFailure, SignatureFault};
pub use layout::{Entry, Layout};
pub use limits::Limits;
pub use read_at::{FileSource, ReadAt};
pub use record::SIGNATURE_NAME;
pub use tail::{MissingRange, Tail, missing_range};
