//! What may leave, and how it does: committed under the lease, written back, named.

use crate::failure::Failure;
use crate::measure::{self, step};
use crate::opened::Opened;
use crate::{Worker, failpoint};
use bytes::Bytes;
use database::{Claim, IntentId, PackageRecord, Settled};
use model::signature_kind::SignatureKind;
use model::{Code, Digest, HashAlgorithm, Splice};
use std::time::Duration;
use storage::{Pin, StorageKey};
use verification::VerifiedSplice;

/// A write-back that failed is tried again after this time.
const WRITE_BACK_RETRY: Duration = Duration::from_secs(30);

/// A signature that may be published: verified, or our own that the package came with and that was verified in full.
#[derive(Debug, Clone)]
pub(crate) struct Publication {
    p7s: Bytes,
    splice: Splice,
    fingerprint: String,
    intent: Option<IntentId>,
    is_kept: bool,
}

impl Publication {
    /// What we made.
    pub(crate) fn verified(verified: VerifiedSplice, fingerprint: String, intent: IntentId) -> Self {
        let (splice, p7s) = verified.into_parts();
        Self { p7s, splice, fingerprint, intent: Some(intent), is_kept: false }
    }

    /// What came with our own signature ([`verification::is_ours`] has said so): the file as it is.
    pub(crate) fn kept(opened: &Opened) -> Result<Self, Failure> {
        let signature = opened.signature.as_ref().ok_or(Failure::Changed)?;
        let certificate = match signature.kind() {
            SignatureKind::Repository => Some(signature.signer_certificate()),
            SignatureKind::Author | SignatureKind::Unknown => match signature.repository_countersignature()? {
                Some(counter) => counter.signer().certificate(signature.certificates()),
                None => None,
            },
        };
        let certificate = certificate.ok_or(Failure::Changed)?;
        Ok(Self {
            p7s: signature.bytes().clone(),
            splice: Splice::whole(opened.layout.size()),
            fingerprint: HashAlgorithm::Sha256.digest(certificate).to_hex_upper(),
            intent: None,
            is_kept: true,
        })
    }

    /// The word for metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        if self.is_kept { "kept" } else { "signed" }
    }

    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

impl Worker {
    /// One transaction under the lease: the signature is kept, the job is signed.
    pub(crate) async fn settle(&self, claim: &Claim, publication: &Publication) -> Result<(), Failure> {
        let settled = Settled {
            p7s: publication.p7s.to_vec(),
            splice: publication.splice.clone(),
            fingerprint: publication.fingerprint.clone(),
            intent: publication.intent,
        };
        failpoint::reach("worker.settle.before")?;
        self.commit(self.context.database.settle_signed(claim, settled)).await?;
        failpoint::reach("worker.settle.committed")
    }

    /// A write to the database, within its deadline. Given up, it may have been committed: the lease decides.
    pub(crate) async fn commit<T>(&self, write: impl Future<Output = Result<T, database::Error>>) -> Result<T, Failure> {
        match tokio::time::timeout(self.context.config.commit_deadline, write).await {
            Ok(written) => Ok(written?),
            Err(_elapsed) => Err(Failure::Slow("the database", Code::DatabaseUnavailable)),
        }
    }

    /// Writes the signed file and names it. A failure costs nothing but time: the splice serves downloads meanwhile, and
    /// whoever comes next tries again.
    pub(crate) async fn publish(&self, package: &PackageRecord, publication: &Publication) {
        let digest = HashAlgorithm::Sha256.digest(&publication.p7s);
        self.publish_splice(package, digest, &publication.splice).await;
    }

    /// The same for a signature that was kept earlier.
    pub(crate) async fn publish_splice(&self, package: &PackageRecord, p7s_sha256: Digest, splice: &Splice) {
        match step("write_back", self.write_back_and_again(package, p7s_sha256, splice)).await {
            Ok(()) => measure::write_back("ok"),
            Err(failure) => {
                measure::write_back("failed");
                tracing::warn!(package = %package.identity.id, "a signed package was not written: {}", telemetry::chain(&failure));
                failpoint::pass("worker.postpone.before");
                let postponed = self.context.database.postpone_write_back(package.key, WRITE_BACK_RETRY).await;
                failpoint::pass("worker.postpone.committed");
                if let Err(error) = postponed {
                    tracing::warn!("its next attempt could not be put off: {}", telemetry::chain(&error));
                }
            }
        }
    }

    /// Writes it back; once more when the blob is another version with the recorded content.
    async fn write_back_and_again(&self, package: &PackageRecord, p7s_sha256: Digest, splice: &Splice) -> Result<(), Failure> {
        match self.write_back(package, p7s_sha256, splice).await {
            Err(failure) if failure.is_another_version() => {
                let mut package = package.clone();
                if self.restored(&mut package).await { self.write_back(&package, p7s_sha256, splice).await } else { Err(failure) }
            }
            done => done,
        }
    }

    async fn write_back(&self, package: &PackageRecord, p7s_sha256: Digest, splice: &Splice) -> Result<(), Failure> {
        let database = &self.context.database;
        failpoint::reach("worker.write_back.before")?;
        // A package that keeps the signature it came with is its own signed blob.
        if *splice == Splice::whole(package.size) {
            database.name_signed_blob(package.key, p7s_sha256, &package.incoming).await?;
            return failpoint::reach("worker.write_back.named");
        }
        let key = StorageKey::Signed { unsigned_sha256: package.unsigned.sha256(), p7s_sha256 };
        let pin = Pin::from_text(&package.pin);
        let written = self.context.store.write_back(&package.incoming, &pin, splice, &key);
        let written = tokio::time::timeout(self.context.config.write_back_deadline, written)
            .await
            .map_err(|_elapsed| Failure::Slow("writing the signed package", Code::StorageUnavailable))??;
        if written.size != splice.len() {
            return Err(Failure::Changed);
        }
        failpoint::reach("worker.write_back.written")?;
        if !database.name_signed_blob(package.key, p7s_sha256, &key.path()).await? {
            // Another signature by now; the sweep removes this blob.
            tracing::info!(package = %package.identity.id, "a signed package was written for a signature that is no longer kept");
        }
        failpoint::reach("worker.write_back.named")
    }
}
