//! Where package files live: the blob store and the spool that uploads pass through.
//!
//! ```text
//! upload ─► Spool (hash, count, limits) ─► adopt ─► incoming/{sha256}.nupkg
//! incoming + splice ─► write_back (copied within the kernel) ─► signed/{unsigned}/{p7s}.nupkg
//! ```
//!
//! Invariants:
//! * Blobs are create-only: a name, once taken, keeps its bytes until it is deleted. Names are digests of content; a file that has not the
//!   bytes of its name (a disk's fault) is replaced when they are pushed again.
//! * Naming a blob in a row and deleting one that no row names keep apart by a [`Hold`], across processes.
//! * A name appears only after its bytes are durable: file synced, then linked, then the folder synced. A crash leaves at most a
//!   file in the spool of a dead process, which the next start removes, or a blob that no row names, which a sweep removes.
//! * Reads can be made conditional on a [`Pin`], so that two reads of one blob are of the same bytes.
//! * Memory per stream is bounded (a quarter of a MiB or so), whatever the size of the package.
//!
//! This crate knows paths and bytes; it knows neither ZIP archives nor signatures. Only it knows `object_store`.

mod blob_store;
mod error;
pub mod failpoint;
mod folder_sync;
mod hold;
mod key;
mod local;
mod pin;
mod scratch;
mod spool;
mod stream;

pub use blob_store::{BlobInfo, BlobStore, Listed, StorageConfig};
pub use error::{Error, ErrorKind};
pub use hold::Hold;
pub use key::StorageKey;
pub use local::Adopted;
pub use pin::Pin;
pub use spool::{Spool, SpoolConfig, Spooled, Spooling};
pub use stream::BlobStream;
