//! The one way in: a package is spooled, hashed, checked, stored, recorded and enqueued; the same for an HTTP push and for gRPC.

use bytes::Bytes;
use database::Database;
use futures::Stream;
use model::{Clock, HashAlgorithm, PackageIdentity, Refusal};
use nuget_signature::plan::UpstreamSignature;
use std::sync::Arc;
use std::time::Duration;
use storage::BlobStore;

/// Whether arrivals are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningMode {
    /// They are, and visible once they are.
    On,
    /// They are not: visible as they came, their jobs dormant.
    Off,
}

/// What intake goes by.
#[derive(Debug, Clone)]
pub struct IntakeConfig {
    /// Limits on what is in a package.
    pub limits: nupkg::Limits,
    /// What happens with a foreign repository signature.
    pub upstream: UpstreamSignature,
    /// Whether arrivals are signed.
    pub signing: SigningMode,
    /// The algorithm that we sign with; the unsigned form's digest is recorded in it too.
    pub algorithm: HashAlgorithm,
    /// How long a push waits for its signature before it is answered as accepted.
    pub push_waits: Duration,
}

/// Who pushes, and how long they wait.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// For the audit: never the key itself.
    pub name: Option<String>,
    /// Instead of [`IntakeConfig::push_waits`].
    pub wait: Option<Duration>,
}

/// How far the package is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptState {
    /// Recorded; its signature is kept (or signing is off).
    Signed,
    /// Recorded; its signature is still to come.
    Accepted,
}

/// A durable arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What was pushed.
    pub identity: PackageIdentity,
    /// How far it is.
    pub state: ReceiptState,
    /// Where to look: `/v3/status/{id}/{version}`, both in lower case.
    pub status_path: String,
    /// Whether this push recorded it (false: the same bytes were there).
    pub new: bool,
}

/// The one way in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Intake {}

impl Intake {
    /// An intake over these.
    pub fn new(store: BlobStore, database: Database, config: IntakeConfig, clock: Arc<dyn Clock>) -> Self {
        let _ = (store, database, config, clock);
        unimplemented!()
    }

    /// Takes one package. An item that is an error (the connection broke, the form is malformed) ends the push with it.
    pub async fn receive<S>(&self, body: S, caller: &Caller) -> Result<Receipt, Refusal>
    where
        S: Stream<Item = Result<Bytes, Refusal>> + Send + Unpin,
    {
        let _ = (body, caller);
        unimplemented!()
    }
}
