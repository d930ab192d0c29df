//! The NuGet package signature format (V1): CMS with NuGet's attributes. Pure: bytes and digests in, bytes out.
//!
//! It does not know what a ZIP is: the digest of the unsigned package is handed to it.
//!
//! The reading half ([`parse`], [`timestamp_token`], [`check`]) decides exactly as NuGet on .NET decides and keeps the original
//! bytes with the place of every part; nothing is decoded and encoded again. The writing half ([`prepare`], [`assemble`],
//! [`surgery`], [`timestamp_request`]) writes DER and, in what somebody else signed, edits in place.
//!
//! Invariants: no I/O, no clock, no private key; every input is bounded and none makes it panic.

// The reading half.
pub mod attributes;
pub mod certificate;
pub mod check;
pub mod content;
pub mod error;
pub mod parse;
mod primitive;
pub mod reader;
pub mod signed_data;
pub mod signer_info;
pub mod spec;
pub mod timestamp_token;

// The writing half.
pub mod assemble;
pub mod content_writer;
pub mod der_writer;
pub mod plan;
pub mod prepare;
pub mod surgery;
pub mod timestamp_request;
