//! Logs, metrics, and an error with its causes on one line.
//!
//! Logs go to standard error: standard output belongs to the `ready` line and to answers. Metrics are rendered for Prometheus; every
//! name is in [`names`]. It knows nothing of packages or signatures.

mod chain;
pub mod logs;
pub mod names;
mod recorder;

pub use chain::chain;
pub use recorder::{Metrics, MetricsError};
