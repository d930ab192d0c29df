#![doc = include_str!("../README.md")]

mod reader;
mod secret;
mod source;
mod units;

pub use reader::{Problem, Reader, Section};
pub use secret::Secret;
pub use source::{Source, SourceError};
pub use units::{format_bytes, parse_bytes, parse_duration};
