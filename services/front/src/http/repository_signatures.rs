//! `/v3/repository-signatures/index.json`. A client fails every restore when it answers an error (spec 6.8), so the last
//! good document is served while the database is away.

use crate::documents::repository_signatures::{Listed, document};
use crate::repository_signed::AllSigned;
use crate::state::FrontState;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use model::{Code, Digest, HashAlgorithm, Refusal};
use std::sync::{Mutex, PoisonError};
use web::Problem;

pub(super) async fn index(State(state): State<FrontState>) -> Result<Response, Problem> {
    match fresh(&state).await {
        Ok(document) => {
            state.last_good().keep(document.clone());
            Ok(super::json_bytes(document))
        }
        Err(refusal) => match state.last_good().kept() {
            Some(document) => {
                tracing::warn!(code = %refusal.code, "the repository-signatures document is an older one: it cannot be made now");
                Ok(super::json_bytes(document))
            }
            None => Err(refusal.into()),
        },
    }
}

async fn fresh(state: &FrontState) -> Result<Bytes, Refusal> {
    let certificates = state.database().active_certificates().await.map_err(|e| state.database_refusal(&e))?;
    let all_signed = state.weigh(&certificates).await?;
    let listed: Vec<Listed> = certificates
        .iter()
        .filter_map(|c| {
            let fingerprint = Digest::from_hex(HashAlgorithm::Sha256, &c.fingerprint)?;
            let (subject, issuer) = (c.subject.clone(), c.issuer.clone());
            Some(Listed { fingerprint, subject, issuer, not_before: c.not_before, not_after: c.not_after })
        })
        .collect();
    let all_signed = all_signed == AllSigned::Yes && listed.len() == certificates.len();
    metrics::gauge!(telemetry::names::ALL_REPOSITORY_SIGNED).set(if all_signed { 1.0 } else { 0.0 });
    let written = serde_json::to_vec(&document(&state.config().addresses, all_signed, &listed));
    written.map(Bytes::from).map_err(|error| {
        tracing::error!(%error, "the repository-signatures document cannot be written");
        Refusal::new(Code::Internal, "the document cannot be written")
    })
}

/// The last document that could be made.
#[derive(Debug, Default)]
pub(crate) struct LastGood(Mutex<Option<Bytes>>);

impl LastGood {
    fn keep(&self, document: Bytes) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(document);
    }

    fn kept(&self) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
