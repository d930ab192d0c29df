//! Certificates that clients are told of, and what workers say about theirs.

use crate::commented::{self, Commented};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Commented::table("certificates", "Certificates of ours, announced before their first use.")
            .column("fingerprint", |c| _ = c.text().not_null().primary_key(), "SHA-256 fingerprint, upper case.")
            .column("subject", |c| _ = c.text().not_null(), "The subject as NuGet writes it.")
            .column("issuer", |c| _ = c.text().not_null(), "The issuer as NuGet writes it.")
            .column("not_before", |c| _ = c.big_integer().not_null(), "Start of its validity.")
            .column("not_after", |c| _ = c.big_integer().not_null(), "End of its validity.")
            .column(
                "chain",
                |c| _ = c.blob().not_null(),
                "The chain as DER, leaf first, root last: each certificate after its length in four octets, big-endian.",
            )
            .column("active", |c| _ = c.boolean().not_null(), "Whether clients are told of it.")
            .column("announced_at", |c| _ = c.big_integer().not_null(), "When it was announced.")
            .column("first_used_at", |c| _ = c.big_integer().null(), "When a signature by it was first published.")
            .column("last_used_at", |c| _ = c.big_integer().null(), "When a signature by it was last published.")
            .column("deactivated_at", |c| _ = c.big_integer().null(), "When it was taken off the list.")
            .create(manager)
            .await?;
        Commented::table("credential_status", "What each worker last said about the certificate it signs with.")
            .column("worker", |c| _ = c.text().not_null().primary_key(), "The worker.")
            .column("fingerprint", |c| _ = c.text().null(), "SHA-256 fingerprint of its certificate, upper case.")
            .column("not_after", |c| _ = c.big_integer().null(), "End of that certificate's validity.")
            .column("code", |c| _ = c.text().null(), "Why it cannot sign, when it cannot: the stable word.")
            .column("nu", |c| _ = c.integer().null(), "NuGet's number for that, where it has one.")
            .column("reason", |c| _ = c.text().null(), "The same in a sentence.")
            .column("heartbeat_at", |c| _ = c.big_integer().not_null(), "When it said so.")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        commented::drop(manager, "credential_status").await?;
        commented::drop(manager, "certificates").await
    }
}
