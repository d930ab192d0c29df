//! A signature with its certificates read.

use crate::verdict::Stop;
use bytes::Bytes;
use certificates::Certificate;
use nuget_signature::parse::PrimarySignature;
use nuget_signature::signer_info::SignerInfo;

/// A primary signature that NuGet can load, and the certificates that it carries.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) signature: PrimarySignature,
    pub(crate) certificates: Vec<Certificate>,
}

impl Loaded {
    /// Loads a `.signature.p7s`. One certificate that cannot be read is enough to fail.
    pub(crate) fn parse(p7s: impl Into<Bytes>) -> Result<Self, Stop> {
        Self::new(PrimarySignature::parse(p7s)?)
    }

    pub(crate) fn new(signature: PrimarySignature) -> Result<Self, Stop> {
        let certificates = read_all(signature.certificates())?;
        Ok(Self { signature, certificates })
    }

    /// The certificate of one of its signers.
    pub(crate) fn certificate_of(&self, signer: &SignerInfo) -> Option<Certificate> {
        find(signer, self.signature.certificates(), &self.certificates)
    }

    /// The primary signer's certificate.
    pub(crate) fn signer_certificate(&self) -> Result<Certificate, Stop> {
        self.certificate_of(self.signature.signer()).ok_or_else(|| Stop::unreadable("the signer's certificate is not in the signature"))
    }
}

pub(crate) fn read_all(ders: &[Bytes]) -> Result<Vec<Certificate>, Stop> {
    ders.iter().map(|der| Certificate::parse(der.clone()).map_err(|error| Stop::unreadable(&error.to_string()))).collect()
}

/// The certificate that `signer` names among `ders`, out of the same list read.
pub(crate) fn find(signer: &SignerInfo, ders: &[Bytes], read: &[Certificate]) -> Option<Certificate> {
    let der = signer.certificate(ders)?;
    read.iter().find(|c| c.der() == der).cloned()
}
