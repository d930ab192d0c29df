//! Verification of signed packages, twice over:
//!
//! * [`verify`] is NuGet's answer (7.9, `dotnet nuget verify` and restore), code for code, for the command line and for tests;
//!   [`describe`] says what a package carries;
//! * [`check_arrival`], [`is_ours`] and [`publishable`] are ours: what may come in, what is kept, what may leave. They overlook
//!   nothing that NuGet overlooks.
//!
//! Invariants: nothing is fetched, revocation is never known; the moment is a parameter; a [`VerifiedSplice`] is made by
//! [`publishable`] alone, and nothing is published that is not one.

mod allow_list;
mod arrival;
mod describe;
mod integrity;
mod loaded;
mod notes;
mod ours;
mod publishable;
mod roots;
mod settings;
mod signature;
mod timestamp;
mod trust;
mod verdict;
mod verify;

pub use arrival::check_arrival;
pub use describe::{CertificateDescription, Description, SignatureDescription, TimestampDescription, describe};
pub use ours::is_ours;
pub use publishable::{Expected, ExpectedKind, Proposal, VerifiedSplice, publishable};
pub use roots::TrustRoots;
pub use settings::{Mode, Settings, SignerKind, TrustedSigner};
pub use verdict::{Issue, Level, Verdict};
pub use verify::verify;
