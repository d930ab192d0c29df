//! One job, from top to bottom.

use crate::credentials::Ready;
use crate::failure::Failure;
use crate::kept::KeptValue;
use crate::measure::{self, step};
use crate::opened::Opened;
use crate::publish::Publication;
use crate::{Rehash, Worker, failpoint};
use database::{Claim, Intent, IntentId, KeptSignature, PackageRecord};
use model::signature_kind::SignatureKind;
use model::{Code, Digest, Digests, HashAlgorithm};
use nuget_signature::plan::{Action, Arrival, plan};
use signing::{Credential, Draft, Finished, Signed, Stamped, Terms};
use std::sync::Arc;
use time::OffsetDateTime;
use timestamp::Timestamper;
use verification::{Expected, ExpectedKind, Proposal, VerifiedSplice, publishable};

impl Worker {
    /// Does the job and commits it. Cancelled, it leaves at most a key operation that nobody uses.
    pub(crate) async fn attempt(&self, claim: &Claim) -> Result<Publication, Failure> {
        failpoint::reach("worker.claimed")?;
        let package = &claim.package;
        let opened = step("read", self.open(package)).await?;
        let publication = match self.plan(package, &opened).await? {
            Action::Refuse(refusal) => return Err(Failure::Refused(refusal)),
            Action::Keep => Publication::kept(&opened)?,
            action => self.sign(claim, &opened, &action).await?,
        };
        step("settle", self.settle(claim, &publication)).await?;
        Ok(publication)
    }

    /// What policy makes of what arrived.
    async fn plan(&self, package: &PackageRecord, opened: &Opened) -> Result<Action, Failure> {
        let arrival = Arrival::of(opened.signature.as_ref())?;
        let is_ours = match (&opened.signature, arrival) {
            (Some(signature), Arrival::Repository | Arrival::AuthorCountersigned) => {
                let active = self.context.database.active_certificates().await?;
                let active: Vec<Digest> = active.iter().filter_map(|c| Digest::from_hex(HashAlgorithm::Sha256, &c.fingerprint)).collect();
                let (signature, unsigned, now) = (signature.clone(), package.unsigned, self.context.clock.now());
                tokio::task::spawn_blocking(move || verification::is_ours(&signature, &unsigned, &active, now)).await?
            }
            _ => false,
        };
        Ok(plan(arrival, self.context.config.upstream, is_ours))
    }

    async fn sign(&self, claim: &Claim, opened: &Opened, action: &Action) -> Result<Publication, Failure> {
        let ready = self.credentials.last().map_err(Failure::Credential)?;
        let unsigned = self.digests(&claim.package, opened, ready.credential.algorithm()).await?;
        let now = self.context.clock.now();
        let terms = self.terms(now);
        let authority = self.context.timestamper.as_deref();
        if let Some(authority) = authority {
            // Before the key: a signature that cannot be finished now would only use it.
            authority.ready().map_err(signing::Error::from)?;
        }
        let arrived = opened.signature.as_ref().map(|s| s.bytes().as_ref());
        let kept = match authority {
            Some(_) => self.kept_value(claim, action, arrived, &unsigned, &terms).await?,
            None => None,
        };
        let was_kept = kept.is_some();
        let (signed, credential, intent) = match kept {
            Some(KeptValue { signed, credential, intent }) => (signed, credential, intent),
            None => {
                let draft = Draft::new(action, arrived, &unsigned, &terms, &ready.credential)?;
                let (signed, intent) = self.ask_key(claim, draft, &ready, terms.signing_time).await?;
                (signed, ready.credential.clone(), intent)
            }
        };
        let stamped = match authority {
            Some(authority) => self.stamp(signed, authority).await?,
            None => signed.unstamped(),
        };
        let made = step("verify", self.finish(stamped, opened, &unsigned, &credential, now)).await;
        // A token whose time lies outside the certificate is the authority's fault while the certificate is still the one that signs: the
        // value stays good, and the key need not be asked again.
        let authority_at_fault = matches!(&made, Err(Failure::Signing(signing::Error::OutsideValidity { .. })))
            && credential.fingerprint() == ready.credential.fingerprint();
        if made.is_err() && was_kept && !authority_at_fault {
            // Whatever else it is, the next attempt begins anew.
            self.forget_values(claim).await?;
        }
        failpoint::reach("worker.verified")?;
        Ok(Publication::verified(made?, credential.fingerprint().to_hex_upper(), intent))
    }

    fn terms(&self, now: OffsetDateTime) -> Terms<'_> {
        let config = &self.context.config;
        Terms {
            kind: SignatureKind::Repository,
            service_index: Some(&config.service_index),
            owners: &config.owners,
            signing_time: whole_seconds(now),
        }
    }

    /// The recorded digests, or those of the package read once more.
    async fn digests(&self, package: &PackageRecord, opened: &Opened, algorithm: HashAlgorithm) -> Result<Digests, Failure> {
        let known = package.unsigned.by(algorithm).is_some();
        match self.context.config.rehash {
            Rehash::Never if known => Ok(package.unsigned),
            Rehash::Never | Rehash::Always => step("hash", self.hash_unsigned(package, &opened.layout, algorithm)).await,
        }
    }

    /// Intent, key, and the value kept where a time stamp is still to come.
    async fn ask_key(
        &self,
        claim: &Claim,
        draft: Draft,
        ready: &Ready,
        signing_time: OffsetDateTime,
    ) -> Result<(Signed, IntentId), Failure> {
        let (database, config) = (&self.context.database, &self.context.config);
        let intent = Intent { fingerprint: ready.fingerprint.clone(), digest: draft.sign_input().digest };
        let algorithm = ready.credential.algorithm();
        failpoint::reach("worker.intent.before")?;
        let intent = step("intent", self.commit(database.intent(claim, &intent))).await?;
        failpoint::reach("worker.intent.committed")?;
        let asked = step("key", tokio::time::timeout(config.key_deadline, draft.ask())).await;
        measure::key_operation(match &asked {
            Ok(Ok(_)) => "ok",
            Ok(Err(_)) => "failed",
            Err(_) => "timeout",
        });
        let signed = asked.map_err(|_elapsed| Failure::Slow("the key", Code::KeyTimeout))??;
        failpoint::reach("worker.key.answered")?;
        if self.context.timestamper.is_some() {
            let kept = KeptSignature {
                fingerprint: ready.fingerprint.clone(),
                algorithm,
                signing_time,
                signed_attributes: signed.signed_attributes().to_vec(),
                value: signed.signature_value().to_vec(),
                intent,
            };
            self.commit(database.keep_signature_value(claim, kept)).await?;
            failpoint::reach("worker.value.kept")?;
        }
        Ok((signed, intent))
    }

    async fn stamp(&self, signed: Signed, authority: &dyn Timestamper) -> Result<Stamped, Failure> {
        let asked = signed.stamp(authority, self.context.clock.now());
        let answer = step("timestamp", tokio::time::timeout(self.context.config.timestamp_deadline, asked)).await;
        let answer = answer.map_err(|_elapsed| Failure::Slow("the time stamp", Code::TimestampTimeout))?;
        measure::time_stamp(answer.as_ref().err().map(signing::Error::code));
        failpoint::reach("worker.timestamp.answered")?;
        Ok(answer?)
    }

    /// Makes the package and has it verified as a stranger would.
    async fn finish(
        &self,
        stamped: Stamped,
        opened: &Opened,
        unsigned: &Digests,
        credential: &Credential,
        now: OffsetDateTime,
    ) -> Result<VerifiedSplice, Failure> {
        let (tail, layout) = (Arc::clone(&opened.tail), Arc::clone(&opened.layout));
        let (unsigned, credential, roots) = (*unsigned, credential.clone(), Arc::clone(&self.context.timestamp_roots));
        let (service_index, owners) = (self.context.config.service_index.clone(), self.context.config.owners.clone());
        let dos_time = nupkg::dos_time(now);
        tokio::task::spawn_blocking(move || {
            let finished: Finished = stamped.finish(&layout, dos_time, now)?;
            let expected = Expected {
                kind: if finished.is_countersignature { ExpectedKind::Countersignature } else { ExpectedKind::Primary },
                chain: credential.chain(),
                algorithm: credential.algorithm(),
                service_index: &service_index,
                owners: &owners,
                signing_time: finished.signing_time,
                previous: finished.base.as_deref(),
                dos_time,
                timestamped: finished.is_timestamped,
            };
            let proposal = Proposal {
                source: &*tail,
                layout: &layout,
                splice: &finished.splice,
                p7s: &finished.p7s,
                unsigned: &unsigned,
                expected,
                timestamp_roots: &roots,
                now,
            };
            publishable(&proposal).map_err(Failure::Verification)
        })
        .await?
    }
}

fn whole_seconds(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(0).unwrap_or(at)
}
