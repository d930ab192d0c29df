//! X.509 as NuGet on .NET and Linux sees it: certificates, NuGet's leaf rules, chains under a custom set of roots, PEM.
//!
//! Pure: bytes in, answers out. Nothing is fetched, no store of the machine is read, no clock is asked. Three promises:
//!
//! * [`Certificate::parse`] takes what OpenSSL takes (real roots have oddities that strict parsers refuse) and refuses what it
//!   refuses;
//! * [`chain::build`] gives the chain and the statuses that .NET's `X509Chain` gives with custom root trust, in the parts that
//!   NuGet looks at; revocation is never known and never reported;
//! * every loop over what a package brings along is bounded.
//!
//! What it does not do: URI, IP and other rare forms of name constraints (a chain that needs them is refused), CRLs, OCSP.

mod asn1;
pub mod certificate;
pub mod chain;
mod extensions;
mod name;
pub mod pem;
pub mod profile;
mod public_key;

pub use certificate::{Certificate, Error};
pub use chain::{Chain, ChainStatus, Purpose};
pub use extensions::{BasicConstraints, Extensions, KeyUsage};
