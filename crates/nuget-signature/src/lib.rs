//! The NuGet package signature format (V1): CMS with NuGet's attributes. Pure: bytes and digests in, bytes out.
//!
//! It does not know what a ZIP is: the digest of the unsigned package is handed to it.

pub mod reader;
