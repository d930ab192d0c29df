//! Signature values from earlier attempts, used again instead of the key.

use crate::failure::Failure;
use crate::{Worker, failpoint};
use async_trait::async_trait;
use bytes::Bytes;
use database::{Claim, IntentId, KeptSignature};
use keys::{ErrorKind, Identity, SignInput, SigningKey};
use model::Digests;
use nuget_signature::plan::Action;
use signing::{Credential, Draft, Signed, Terms};
use std::sync::Arc;

/// A signature value from an earlier attempt, in its place.
#[derive(Debug)]
pub(crate) struct KeptValue {
    pub(crate) signed: Signed,
    /// The certificate that it is by; its key is not there.
    pub(crate) credential: Credential,
    pub(crate) intent: IntentId,
}

impl Worker {
    /// The latest kept value that still fits the package and the configuration; the others are forgotten when none does. The
    /// database gives those by active certificates alone.
    pub(crate) async fn kept_value(
        &self,
        claim: &Claim,
        action: &Action,
        arrived: Option<&[u8]>,
        unsigned: &Digests,
        terms: &Terms<'_>,
    ) -> Result<Option<KeptValue>, Failure> {
        for kept in &claim.kept {
            let Some(credential) = self.public_half(kept).await? else { continue };
            if let Ok(draft) = Draft::from_kept(&kept.signed_attributes, action, arrived, unsigned, terms, &credential) {
                return Ok(Some(KeptValue { signed: draft.with_value(kept.value.clone()), credential, intent: kept.intent }));
            }
        }
        if !claim.kept.is_empty() {
            tracing::info!("the kept signature value is for something else by now");
            self.forget_values(claim).await?;
        }
        Ok(None)
    }

    /// Forgets every kept value of the package.
    pub(crate) async fn forget_values(&self, claim: &Claim) -> Result<(), Failure> {
        failpoint::reach("worker.forget_value.before")?;
        self.context.database.forget_signature_values(claim).await?;
        failpoint::reach("worker.forget_value.committed")
    }

    /// The certificate that a value is by, without its key: that was asked already.
    async fn public_half(&self, kept: &KeptSignature) -> Result<Option<Credential>, Failure> {
        let Some(record) = self.context.database.certificate(&kept.fingerprint).await? else { return Ok(None) };
        let chain: Vec<Bytes> = record.chain.into_iter().map(Bytes::from).collect();
        let Some(Ok(leaf)) = chain.first().map(|der| certificates::Certificate::parse(der.clone())) else { return Ok(None) };
        let key = Arc::new(SpentKey { public_key: leaf.public_key_info().clone() });
        Ok(Credential::new(Identity { chain, key, algorithm: kept.algorithm }).ok())
    }
}

/// A key that has done its work.
#[derive(Debug)]
struct SpentKey {
    public_key: Bytes,
}

#[async_trait]
impl SigningKey for SpentKey {
    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    async fn sign(&self, _: SignInput<'_>) -> Result<Vec<u8>, keys::Error> {
        Err(keys::Error::new(ErrorKind::Internal, "the value that this key gave is to be used"))
    }
}
