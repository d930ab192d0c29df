//! The one way in: a package is spooled, hashed, checked, stored, recorded and enqueued; the same for an HTTP push and for gRPC.
//!
//! ```text
//! body ─► spool (hash, limits) ─► checks ─► blob incoming/… ─► package row + job row ─► wait ─► receipt
//! ```
//!
//! Invariants:
//! * Blob before row, row before answer: a receipt means durable. A crash in between leaves at most a blob that no row names.
//! * A refused push leaves nothing: no spooled file, no blob, no row.
//! * Idempotent by content: the same bytes again give the same answer and nothing new; other bytes under a taken identity are refused
//!   before anything is stored.
//! * What blocks or computes runs off the async threads, and never while a transaction is open.
//!
//! It signs nothing and holds no key. Its word about a signature is `verification`'s, about an archive `nupkg`'s.

mod check;
mod credential;
pub mod failpoint;
mod receipt;
mod receive;
mod record;

pub use receipt::{Caller, Receipt, ReceiptState};
pub use receive::{Intake, IntakeConfig, SigningMode};
