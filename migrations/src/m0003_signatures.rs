//! Finished signatures with the plans of their splices, and signature values that wait for a timestamp.

use crate::commented::{self, Commented};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Commented::table("signatures", "The finished signature of a package. It is the truth; the signed blob is a cache of it.")
            .column("package_key", |c| _ = c.big_integer().not_null().primary_key(), "The package.")
            .column("fingerprint", |c| _ = c.text().not_null(), "SHA-256 fingerprint of the signing certificate, upper case.")
            .column("p7s_sha256", |c| _ = c.text().not_null(), "SHA-256 of the signature file.")
            .column("p7s", |c| _ = c.blob().not_null(), "The bytes of .signature.p7s.")
            .column(
                "plan",
                |c| _ = c.blob().not_null(),
                "The splice that makes the signed file of the incoming blob; the signature itself is named, not repeated.",
            )
            .column("signed_size_bytes", |c| _ = c.big_integer().not_null(), "Length of the signed file.")
            .column("signed_blob", |c| _ = c.text().null(), "Path of the signed blob, once it is durable.")
            .column("write_back_after", |c| _ = c.big_integer().not_null(), "While there is no blob: nobody else writes it before.")
            .column("write_back_worker", |c| _ = c.text().null(), "Who is writing it.")
            .column("created_at", |c| _ = c.big_integer().not_null(), "When the signature was kept.")
            .of_package("package_key")
            .create(manager)
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("signatures_unwritten")
                    .table("signatures")
                    .col("write_back_after")
                    .and_where(Expr::cust("signed_blob IS NULL"))
                    .take(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("signatures_blob")
                    .table("signatures")
                    .col("signed_blob")
                    .and_where(Expr::cust("signed_blob IS NOT NULL"))
                    .take(),
            )
            .await?;
        Commented::table("kept_signature_values", "What a key answered, kept while the timestamp is still to come.")
            .column("package_key", |c| _ = c.big_integer().not_null(), "The package.")
            .column("fingerprint", |c| _ = c.text().not_null(), "SHA-256 fingerprint of the certificate, upper case.")
            .column("algorithm", |c| _ = c.text().not_null(), "Algorithm of the digest that was signed.")
            .column("signing_time", |c| _ = c.big_integer().not_null(), "The signing time in the signed attributes.")
            .column("signed_attributes", |c| _ = c.blob().not_null(), "The very signed attributes, as they were signed.")
            .column("signature_value", |c| _ = c.blob().not_null(), "The signature value.")
            .column("intent_id", |c| _ = c.big_integer().not_null(), "The audit's intent of that key use.")
            .column("created_at", |c| _ = c.big_integer().not_null(), "When it was kept.")
            .of_package("package_key")
            .with(|t| _ = t.primary_key(Index::create().col("package_key").col("fingerprint")))
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        commented::drop(manager, "kept_signature_values").await?;
        commented::drop(manager, "signatures").await
    }
}
