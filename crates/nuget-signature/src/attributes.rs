//! NuGet's reading of each signed attribute (spec 4.5), with what it tolerates.

pub mod commitment;
pub mod owners;
mod sequence_reader;
pub mod service_index;
pub mod signing_certificate;
