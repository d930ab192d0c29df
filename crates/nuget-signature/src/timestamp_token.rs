//! A time-stamp token (RFC 3161) read with NuGet's parse rules (spec 5.4), which include its signature.

use crate::attributes::signing_certificate;
use crate::check::check_signature;
use crate::error::Error;
use crate::signed_data::SignedData;
use crate::signer_info::SignerInfo;
use crate::spec;
use bytes::Bytes;
use time::{Duration, OffsetDateTime};

mod tst_info;
pub use tst_info::TstInfo;

/// A time-stamp token that NuGet can read.
#[derive(Debug, Clone)]
pub struct TimestampToken {
    data: SignedData,
    signer: SignerInfo,
    signer_certificate: usize,
    info: TstInfo,
}

/// More countersigners than this in a token are not looked at: each costs a signature check.
const MOST_COUNTERSIGNERS: usize = 16;

/// Reads a token with every check of spec 5.4's parse list, in NuGet's order, its signature included.
pub fn parse(der: impl Into<Bytes>) -> Result<TimestampToken, Error> {
    let data = SignedData::decode(der)?;
    let [signer] = data.signers() else { return Err(Error::Timestamp("it does not have exactly one signer")) };
    let signer = signer.clone();
    let signer_certificate = signer.find_certificate(data.certificates())?.ok_or(Error::TimestampSignerCertificateMissing)?;
    let certificate = data.certificates().get(signer_certificate).ok_or(Error::TimestampSignerCertificateMissing)?;
    signing_certificate::check_timestamp(&signer, certificate)?;
    if data.content_type() != spec::ID_TST_INFO {
        return Err(Error::Timestamp("its content is not time-stamp information"));
    }
    let info = TstInfo::read(data.content())?;
    const WRONG: Error = Error::Timestamp("its signature is wrong");
    check_signature(&signer, data.signed_octets(), certificate).map_err(|_| WRONG)?;
    let countersigners = signer.countersigners().map_err(|_| WRONG)?;
    if countersigners.len() > MOST_COUNTERSIGNERS {
        return Err(Error::Timestamp("it has too many countersigners"));
    }
    for countersigner in countersigners {
        let certificate = countersigner.certificate(data.certificates()).ok_or(WRONG)?;
        check_signature(&countersigner, signer.signature_value(), certificate).map_err(|_| WRONG)?;
    }
    Ok(TimestampToken { data, signer, signer_certificate, info })
}

impl TimestampToken {
    /// The bytes it was read from.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        self.data.bytes()
    }

    /// The CMS structure.
    #[must_use]
    pub fn signed_data(&self) -> &SignedData {
        &self.data
    }

    /// What it says.
    #[must_use]
    pub fn info(&self) -> &TstInfo {
        &self.info
    }

    /// When it says it was made.
    #[must_use]
    pub fn gen_time(&self) -> OffsetDateTime {
        self.info.gen_time
    }

    /// How far off that may be; zero when it does not say (spec 5.4: on .NET the baseline policy's second is never applied).
    #[must_use]
    pub fn accuracy(&self) -> Duration {
        self.info.accuracy.unwrap_or(Duration::ZERO)
    }

    /// Content octets of the imprint's hash algorithm identifier.
    #[must_use]
    pub fn imprint_algorithm(&self) -> &[u8] {
        &self.info.imprint_algorithm
    }

    /// The imprint's digest.
    #[must_use]
    pub fn imprint_digest(&self) -> &[u8] {
        &self.info.imprint_digest
    }

    /// Content octets of the nonce INTEGER.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.info.nonce.as_deref()
    }

    /// Every certificate of the token, in file order.
    #[must_use]
    pub fn certificates(&self) -> &[Bytes] {
        self.data.certificates()
    }

    /// Who signed it.
    #[must_use]
    pub fn signer(&self) -> &SignerInfo {
        &self.signer
    }

    /// The certificate that signed it.
    #[must_use]
    pub fn signer_certificate(&self) -> &Bytes {
        // `parse` found it there.
        static NONE: Bytes = Bytes::new();
        self.data.certificates().get(self.signer_certificate).unwrap_or(&NONE)
    }

    /// The TSTInfo's octets.
    #[must_use]
    pub fn tst_info(&self) -> &[u8] {
        self.data.content()
    }
}
