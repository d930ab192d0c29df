//! Signing a package: digest, tail, credential and time-stamping authority make a [`model::Splice`].
//!
//! ```text
//! plan ─► Draft ─► (intent row) ─► key ─► Signed ─► (kept row) ─► authority ─► Stamped ─► Finished: splice and .signature.p7s
//! ```
//!
//! Each arrow consumes the step before it. What waits for somebody outside ([`Draft::ask`], [`Signed::stamp`]) does that and
//! nothing else, so the caller writes its rows between the steps. A step can also be entered with what was kept from an earlier
//! attempt: [`Draft::from_kept`].
//!
//! Invariants: no I/O but through the traits of `keys` and `timestamp`; a key is never asked by a [`Credential`] whose key and
//! certificate do not belong together; a signature that was to be time-stamped cannot be finished without its stamp but by
//! saying so ([`Signed::unstamped`]); none is finished that lies outside its certificate's validity. Whether the result may be
//! published is `verification`'s to say.

mod command;
mod credential;
mod error;
mod pipeline;
mod unsign;
mod window;

pub use command::command_action;
pub use credential::{Credential, Warning};
pub use error::Error;
pub use pipeline::{Draft, Finished, Signed, Stamped, Terms};
pub use unsign::unsign;
pub use window::{Window, check_window};
