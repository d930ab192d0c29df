//! The reading half: kinds, hashes, signers, time stamps, certificates and refusals are those of NuGet.

mod corpus;
mod described;
mod flipped;
mod mutated;
mod odd;
mod package_file;
