//! Signature values kept while a timestamp is still to come, so that an outage of the authority costs no key operation.

use crate::sql::{self, Columns};
use crate::writer::Scope;
use crate::{Claim, Database, Error, ErrorKind, IntentId, Outcome, PackageKey, audit};
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
        const SQL: &str = "-- keep_signature_value\nINSERT INTO kept_signature_values (package_key, fingerprint, algorithm, signing_time, \
             signed_attributes, signature_value, intent_id, created_at) \
             SELECT j.package_key, $1, $2, $3, $4, $5, $6, $7 FROM jobs j WHERE j.id = $8 AND j.lease_token = $9 AND j.lease_expires_at > $7 \
             ON CONFLICT (package_key, fingerprint) DO UPDATE SET algorithm = excluded.algorithm, signing_time = excluded.signing_time, \
             signed_attributes = excluded.signed_attributes, signature_value = excluded.signature_value, intent_id = excluded.intent_id, \
             created_at = excluded.created_at";
        let fence = claim.fence();
        self.write("keeping a signature value", move |scope| {
            Box::pin(async move {
                let intent = kept.intent;
                let values = [
                    kept.fingerprint.into(),
                    kept.algorithm.name().into(),
                    sql::millis_of(kept.signing_time).into(),
                    kept.signed_attributes.into(),
                    kept.value.into(),
                    intent.0.into(),
                    scope.now.into(),
                    fence.job.0.into(),
                    fence.token.as_str().into(),
                ];
                fence.held(sql::execute(scope.on, "keeping a signature value", sql::statement(SQL, values)).await?)?;
                audit::write_outcome(scope, intent, &Outcome::ValueKept).await
            })
        })
        .await
    }

    /// Forgets the kept values of `claim`'s package: they turned out unusable.
    pub async fn forget_signature_values(&self, claim: &Claim) -> Result<(), Error> {
        const SQL: &str = "-- forget_signature_values\nDELETE FROM kept_signature_values WHERE package_key = \
             (SELECT package_key FROM jobs WHERE id = $1 AND lease_token = $2 AND lease_expires_at > $3)";
        let fence = claim.fence();
        self.write_atomic("forgetting signature values", move |scope| {
            Box::pin(async move {
                let values = [fence.job.0.into(), fence.token.as_str().into(), scope.now.into()];
                sql::execute(scope.on, "forgetting signature values", sql::statement(SQL, values)).await.map(drop)
            })
        })
        .await
    }
}

/// The kept values of a package by certificates that are still active, the latest first.
pub(crate) async fn of_package(scope: &Scope<'_>, package: PackageKey) -> Result<Vec<KeptSignature>, Error> {
    const SQL: &str = "-- kept_values\nSELECT k.fingerprint, k.algorithm, k.signing_time, k.signed_attributes, k.signature_value, k.intent_id \
         FROM kept_signature_values k JOIN certificates c ON c.fingerprint = k.fingerprint AND c.active \
         WHERE k.package_key = $1 ORDER BY k.created_at DESC";
    let rows = sql::rows(scope.on, "reading kept values", sql::statement(SQL, [package.0.into()])).await?;
    let read = |row| {
        let mut columns = Columns::of(row);
        let fingerprint = columns.next()?;
        let algorithm = HashAlgorithm::from_name(&columns.next::<String>()?)
            .ok_or_else(|| Error::new(ErrorKind::Internal, "reading kept_signature_values.algorithm"))?;
        Ok(KeptSignature {
            fingerprint,
            algorithm,
            signing_time: columns.next_time()?,
            signed_attributes: columns.next()?,
            value: columns.next()?,
            intent: IntentId(columns.next()?),
        })
    };
    rows.iter().map(read).collect()
}
