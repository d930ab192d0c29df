//! Signature values kept while a timestamp is still to come, so that an outage of the authority costs no key operation.

use crate::{Claim, Database, Error, IntentId};
use model::HashAlgorithm;
use time::OffsetDateTime;

/// A signature value, with all that is needed for using it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSignature {
    /// Fingerprint of the certificate that it is by, upper-case hexadecimal SHA-256.
    pub fingerprint: String,
    /// The algorithm of the signed attributes' digest.
    pub algorithm: HashAlgorithm,
    /// The signing time in the signed attributes.
    pub signing_time: OffsetDateTime,
    /// The very signed attributes that the key signed.
    pub signed_attributes: Vec<u8>,
    /// What the key answered.
    pub value: Vec<u8>,
    /// The intent of that key use.
    pub intent: IntentId,
}

impl Database {
    /// Keeps a signature value under `claim`'s lease, and its outcome in the audit.
    pub async fn keep_signature_value(&self, claim: &Claim, kept: KeptSignature) -> Result<(), Error> {
        let _ = (claim, kept);
        unimplemented!()
    }

    /// Forgets the kept values of `claim`'s job: they turned out unusable.
    pub async fn forget_signature_values(&self, claim: &Claim) -> Result<(), Error> {
        let _ = claim;
        unimplemented!()
    }
}
