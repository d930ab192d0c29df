//! Front: what clients read. NuGet v3 over HTTP (documents, downloads), and `countersign.v1` over gRPC.
//!
//! ```text
//! request ─► row ─► signed blob │ splice of the kept signature │ raise the job and wait for the row ─► bytes
//! ```
//!
//! Invariants:
//! * Front holds no key and cannot sign: it reads rows, raises the lane of a job and waits for its row. `SignPackage` is a
//!   push, through `intake` like any other.
//! * No address in a document comes from a request.
//! * A code becomes an HTTP status in `web::problem`, a gRPC status in [`status`](self), and nowhere else.

mod addresses;
mod documents;
mod failpoint;
pub mod grpc;
pub mod http;
mod repository_signed;
mod served;
mod state;
mod status;
mod waiting;

pub use addresses::Addresses;
pub use failpoint::POINTS as FAIL_POINTS;
pub use repository_signed::{AllSigned, WhyNot};
pub use state::{ClientTrust, FrontConfig, FrontState, OnFailure};
pub use waiting::WaitLimits;
