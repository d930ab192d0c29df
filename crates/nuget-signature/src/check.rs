//! The signature check of one SignerInfo as .NET's CMS class makes it (spec 4.3).

use crate::signer_info::SignerInfo;

/// Why a signature does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureCheckError {
    /// The message-digest attributes are not as they must be, or another digest.
    #[error("the message digest does not match")]
    MessageDigest,
    /// An algorithm that .NET does not verify, or parameters that do not fit.
    #[error("the signature algorithm is not supported: {0}")]
    Algorithm(&'static str),
    /// The certificate's key cannot be used.
    #[error("the signer's public key cannot be used: {0}")]
    Key(&'static str),
    /// The signature value is wrong.
    #[error("the signature value is wrong")]
    Signature,
    /// A countersigner without signed attributes.
    #[error("a countersignature has no signed attributes")]
    NoAttributes,
}

/// Checks `signer`'s signature over `signed_content` (a primary's content; a countersigner's primary signature value) by the
/// key of `certificate`: the signature only, no chain.
pub fn check_signature(signer: &SignerInfo, signed_content: &[u8], certificate: &[u8]) -> Result<(), SignatureCheckError> {
    let _ = (signer, signed_content, certificate);
    unimplemented!()
}
