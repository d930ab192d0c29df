//! What a request for a package gets: which bytes, under which validators, or why none.
//!
//! ```text
//! signature kept, blob there     the signed blob
//! signature kept, blob missing   its splice, without the key; the worker writes the blob again
//! not yet signed                 raised to `interactive`, waited for on the row, then its splice
//! signing off                    as it came
//! rejected, yet visible          as it came, with a warning
//! signing fails                  refused, or as it came (`Signing:OnFailure`)
//! ```
//!
//! Nothing is signed here, and there is no call to a worker: front reads rows and raises a lane.

use crate::failpoint;
use crate::state::{FrontState, OnFailure};
use crate::waiting::{Admission, Client};
use database::{PackageView, SignatureSummary};
use model::job::{JobState, Lane};
use model::{Code, PackageIdentity, Refusal, Splice};
use std::ops::Range;
use std::time::Duration;
use storage::{BlobStream, Pin};
use time::OffsetDateTime;
use tokio::time::Instant;

/// A package as it is served now.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    /// Id and version as the nuspec spells them.
    pub(crate) identity: PackageIdentity,
    /// A strong validator, without quotes: equal tags mean equal bytes.
    pub(crate) tag: String,
    /// When it became what it is.
    pub(crate) modified: OffsetDateTime,
    /// Length in bytes.
    pub(crate) size: u64,
    /// The fingerprint of the certificate whose signature it carries; none when it is served as it came.
    pub(crate) signed_by: Option<String>,
    /// Said beside it.
    pub(crate) warning: Option<Refusal>,
    /// Where its bytes come from, for the metric.
    pub(crate) source: Source,
    blob: String,
    pin: Pin,
    splice: Splice,
}

/// Where a served package's bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The signed blob.
    Blob,
    /// The kept signature and the blob as it came.
    Splice,
    /// The blob as it came.
    Unsigned,
}

impl Source {
    /// The word in the metric.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Splice => "splice",
            Self::Unsigned => "unsigned",
        }
    }
}

/// Why a package is not served, and when to come again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unserved {
    pub(crate) refusal: Refusal,
    pub(crate) retry_after: Option<Duration>,
}

impl From<Refusal> for Unserved {
    fn from(refusal: Refusal) -> Self {
        let retry_after = match refusal.code.category() {
            model::Category::TooMany | model::Category::Unavailable => Some(SOON),
            _ => None,
        };
        Self { refusal, retry_after }
    }
}

impl FrontState {
    /// What a request of `client` for this package gets; waits for the signature where one is to come.
    pub(crate) async fn serve(&self, identity: &PackageIdentity, client: Client) -> Result<Served, Unserved> {
        let until = Instant::now() + self.config().sign_wait;
        let mut admission: Option<Admission> = None;
        loop {
            let view = self.database().find(identity).await.map_err(|e| self.database_refusal(&e))?;
            // A rejected package that was never shown holds no identity, and is nobody's to have.
            let Some(view) = view.filter(|v| v.package.holds_identity) else { return Err(unknown(identity).into()) };
            if let Some(signature) = &view.signature {
                return self.signed(&view, signature).await;
            }
            if !self.config().signing_enabled {
                return self.as_it_came(&view, None).await;
            }
            match view.job.state {
                JobState::Rejected => return self.as_it_came(&view, view.job.refusal.clone()).await,
                JobState::Failed => return self.while_signing_fails(&view, None).await,
                JobState::Pending if view.job.due_in.is_some() => return self.while_signing_fails(&view, view.job.due_in).await,
                JobState::Pending => {}
                JobState::Signed => {
                    tracing::error!(job.id = %view.job.id, "a signed job has no kept signature");
                    return Err(Refusal::new(Code::Internal, "the package's signature cannot be found").into());
                }
            }
            if Instant::now() >= until {
                let refusal = Refusal::new(Code::SigningPending, "the package is being signed; try again soon");
                return Err(Unserved { refusal, retry_after: Some(SOON) });
            }
            if admission.is_none() {
                admission = Some(self.waiting().admit(client)?);
            }
            self.wait_for(&view, until).await?;
        }
    }

    /// Raises the job and waits for its row, with everybody else who wants this package.
    async fn wait_for(&self, view: &PackageView, until: Instant) -> Result<(), Unserved> {
        let (database, package, job) = (self.database().clone(), view.package.key, view.job.id);
        let state = self.clone();
        let watch = async move {
            failpoint::pass("front.raise.before");
            let raised = database.raise(package, Lane::Interactive).await;
            failpoint::pass("front.raise.committed");
            let raised = raised.map_err(|e| state.database_refusal(&e))?;
            if raised.state == JobState::Pending && raised.due_in.is_none() {
                database.wait_for_change(job, until).await.map_err(|e| state.database_refusal(&e))?;
            }
            Ok(())
        };
        // The others' deadlines are not ours: what they wait for is left at our own.
        match tokio::time::timeout_at(until, self.waiting().together(job, watch)).await {
            Ok(done) => Ok(done?),
            Err(_) => Ok(()),
        }
    }

    /// With the kept signature: the blob that was written with it, or what that blob would hold.
    async fn signed(&self, view: &PackageView, signature: &SignatureSummary) -> Result<Served, Unserved> {
        let short = |digest: &model::Digest| digest.to_hex().chars().take(32).collect::<String>();
        let served = |source, blob: String, pin, splice| Served {
            identity: view.package.identity.clone(),
            tag: format!("{}-{}", short(&view.package.unsigned.sha256()), short(&signature.p7s_sha256)),
            modified: signature.created,
            size: signature.size,
            signed_by: Some(signature.fingerprint.clone()),
            warning: None,
            source,
            blob,
            pin,
            splice,
        };
        if let Some(path) = &signature.signed {
            match self.store().head(path).await.map_err(|e| self.storage_refusal(&e))? {
                Some(info) if info.size == signature.size => {
                    return Ok(served(Source::Blob, path.clone(), info.pin, Splice::whole(info.size)));
                }
                found => {
                    tracing::warn!(blob = %path, found = ?found.map(|i| i.size), "a signed blob is missing or has another size: it is written again");
                    // Serving does not hang on it: the next request will find it missing again.
                    failpoint::pass("front.forget_blob.before");
                    let forgotten = self.database().forget_signed_blob(view.package.key, path).await;
                    failpoint::pass("front.forget_blob.committed");
                    if let Err(error) = forgotten {
                        tracing::warn!(error = %telemetry::chain(&error), blob = %path, "a missing signed blob could not be forgotten");
                    }
                }
            }
        }
        let kept = self.database().signature_full(view.package.key).await.map_err(|e| self.database_refusal(&e))?;
        let Some((_, splice)) = kept.filter(|(_, splice)| splice.len() == signature.size) else {
            // Replaced since the row was read, or not what was recorded: the caller asks again.
            return Err(Refusal::new(Code::SigningPending, "the package's signature is being replaced; try again").into());
        };
        let pin = self.incoming(view).await?;
        Ok(served(Source::Splice, view.package.incoming.clone(), pin, splice))
    }

    /// The blob as it came.
    async fn as_it_came(&self, view: &PackageView, warning: Option<Refusal>) -> Result<Served, Unserved> {
        let pin = self.incoming(view).await?;
        Ok(Served {
            identity: view.package.identity.clone(),
            tag: view.package.received.to_hex(),
            modified: view.package.created,
            size: view.package.size,
            signed_by: None,
            warning,
            source: Source::Unsigned,
            blob: view.package.incoming.clone(),
            pin,
            splice: Splice::whole(view.package.size),
        })
    }

    /// `Signing:OnFailure`, for a job that failed or was put off for `due_in`. One that was handed back untried has not failed.
    async fn while_signing_fails(&self, view: &PackageView, due_in: Option<Duration>) -> Result<Served, Unserved> {
        let why = view.job.refusal.as_ref();
        if self.config().on_failure == OnFailure::ServeUnsigned && (why.is_some() || due_in.is_none()) {
            let reason = why.map_or_else(String::new, |r| format!(": {r}"));
            let warning = Refusal::new(Code::SigningFailed, format!("the package is served unsigned{reason}"));
            return self.as_it_came(view, Some(warning)).await;
        }
        let (code, retry_after, usual) = match due_in {
            Some(delay) => (Code::SigningPending, delay, "the package is being signed; try again later"),
            None => (Code::SigningFailed, LATER, "the package could not be signed"),
        };
        let reason = why.map_or_else(|| usual.to_owned(), Refusal::to_string);
        Err(Unserved { refusal: Refusal::new(code, reason), retry_after: Some(retry_after) })
    }

    /// The pin of the blob as it came, once that blob is known to be there. Another version of it (a folder restored from a backup
    /// has those) is read once: when its digest is the recorded one it is as good, and the worker records it with its next write.
    async fn incoming(&self, view: &PackageView) -> Result<Pin, Unserved> {
        let pin = Pin::from_text(view.package.pin.clone());
        let Some(info) = self.store().head(&view.package.incoming).await.map_err(|e| self.storage_refusal(&e))? else {
            tracing::error!(blob = %view.package.incoming, "a blob that a row names is missing");
            return Err(Refusal::new(Code::BlobMissing, "the package's file is not in the store").into());
        };
        if info.size == view.package.size {
            if info.pin == pin {
                return Ok(pin);
            }
            let (found, digests) =
                self.store().hash(&view.package.incoming, Some(&info.pin), &[]).await.map_err(|e| self.storage_refusal(&e))?;
            if digests.sha256() == view.package.received {
                tracing::warn!(blob = %view.package.incoming, "a blob is another version than was recorded, with the same content");
                return Ok(found.pin);
            }
        }
        tracing::error!(blob = %view.package.incoming, "a blob is not the one that was recorded");
        Err(Refusal::new(Code::BlobChanged, "the package's file is not the one that was recorded").into())
    }

    /// Streams `range` of what is served.
    pub(crate) async fn stream(&self, served: &Served, range: Range<u64>) -> Result<BlobStream, Unserved> {
        let splice = served.splice.slice(range);
        Ok(self.store().stream_splice(&served.blob, &served.pin, splice).await.map_err(|e| self.storage_refusal(&e))?)
    }
}

/// No such package.
pub(crate) fn unknown(identity: &PackageIdentity) -> Refusal {
    let (id, version) = (identity.id.as_str(), identity.version.normalized());
    Refusal::new(Code::PackageNotFound, format!("there is no package {id} {version}"))
}

/// When to come again while work is under way.
const SOON: Duration = Duration::from_secs(2);
/// When to come again after attempts are spent: only a person or a new push can help.
const LATER: Duration = Duration::from_secs(300);
