//! The nouns of Countersign: identities, digests, splices, job states, codes, the clock.
//!
//! Pure: no tokio, no serde, no I/O. What crosses a border (row, message, proto, configuration) has its own type on
//! that border.

pub mod clock;
pub mod code;
pub mod digest;
pub mod distinguished_name;
pub mod job;
pub mod package;
pub mod retry;
pub mod signature_kind;
pub mod splice;

pub use clock::Clock;
pub use code::{Category, Code, NuCode, Refusal};
pub use digest::{Digest, Digests, HashAlgorithm};
pub use package::{NuGetVersion, PackageId, PackageIdentity};
pub use splice::{Segment, Splice};
