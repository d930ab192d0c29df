//! The HTTP surface that ingest and front share: listening, who is calling, problem documents, health, the layers around every route.
//!
//! Invariants:
//! * [`problem`] is the only place that picks an HTTP status, and nothing but a [`model::Refusal`] gets into an answer: internal errors
//!   are logged where they are handled and answered by their code alone.
//! * Push keys are kept as digests and compared in constant time.
//! * Every wait on a client has a limit: header, idle connection, the grace at the end.
//!
//! It knows nothing of packages or signatures.

mod caller;
mod connection;
mod health;
mod layers;
mod problem;
mod server;
mod tls;

pub use caller::{Caller, PushKeys};
pub use health::{Check, Health, Standing};
pub use layers::{RequestId, around, observed, within};
pub use problem::{Problem, method_not_allowed, route_not_found, status_of};
pub use server::{Server, ServerConfig, ServerError};
pub use tls::TlsFiles;
