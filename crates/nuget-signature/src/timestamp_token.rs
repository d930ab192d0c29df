//! A time-stamp token (RFC 3161) read with NuGet's parse rules (spec 5.4).

use crate::error::Error;
use crate::signer_info::SignerInfo;
use bytes::Bytes;
use time::{Duration, OffsetDateTime};

/// A time-stamp token that NuGet can read.
#[derive(Debug, Clone)]
pub struct TimestampToken {
    file: Bytes,
}

/// Reads a token with every check of spec 5.4's parse list, its signature included.
pub fn parse(der: impl Into<Bytes>) -> Result<TimestampToken, Error> {
    let _: Bytes = der.into();
    unimplemented!()
}

impl TimestampToken {
    /// The bytes it was read from.
    pub fn bytes(&self) -> &[u8] {
        &self.file
    }
    /// When it says it was made.
    pub fn gen_time(&self) -> OffsetDateTime {
        unimplemented!()
    }
    /// How far off that may be.
    pub fn accuracy(&self) -> Duration {
        unimplemented!()
    }
    /// Content octets of the imprint's hash algorithm identifier.
    pub fn imprint_algorithm(&self) -> &[u8] {
        unimplemented!()
    }
    /// The imprint's digest.
    pub fn imprint_digest(&self) -> &[u8] {
        unimplemented!()
    }
    /// Content octets of the nonce INTEGER.
    pub fn nonce(&self) -> Option<&[u8]> {
        unimplemented!()
    }
    /// Every certificate of the token, in file order.
    pub fn certificates(&self) -> &[Bytes] {
        unimplemented!()
    }
    /// Who signed it.
    pub fn signer(&self) -> &SignerInfo {
        unimplemented!()
    }
    /// The certificate that signed it.
    pub fn signer_certificate(&self) -> &Bytes {
        unimplemented!()
    }
    /// The TSTInfo's octets.
    pub fn tst_info(&self) -> &[u8] {
        unimplemented!()
    }
}
