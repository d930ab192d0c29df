//! Packages as they were received, and their manifests.

use crate::commented::{self, Commented};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        commented::begin(manager).await?;
        Commented::table("packages", "A package as it was received. Its blob was durable before the row was written.")
            .column("id", |c| _ = c.big_integer().not_null().auto_increment().primary_key(), "The key, never used twice.")
            .column("package_id", |c| _ = c.text().not_null(), "The NuGet id as the nuspec spells it.")
            .column("package_version", |c| _ = c.text().not_null(), "The NuGet version as the nuspec spells it.")
            .column("id_lower", |c| _ = c.text().not_null(), "The id lower-cased as .NET's invariant culture does.")
            .column("version_lower", |c| _ = c.text().not_null(), "The normalised version lower-cased.")
            .column(
                "holds_identity",
                |c| _ = c.boolean().not_null(),
                "Whether this row is the one with its id and version. False once it was rejected, unless it is visible.",
            )
            .column("visible", |c| _ = c.boolean().not_null(), "Whether the feed shows it: once true, always true.")
            .column("received_sha256", |c| _ = c.text().not_null(), "SHA-256 of the file as it came.")
            .column("unsigned_sha256", |c| _ = c.text().not_null(), "SHA-256 of the unsigned form: what signatures cover.")
            .column("unsigned_sha384", |c| _ = c.text().null(), "SHA-384 of the unsigned form, where it was computed.")
            .column("unsigned_sha512", |c| _ = c.text().null(), "SHA-512 of the unsigned form, where it was computed.")
            .column("size_bytes", |c| _ = c.big_integer().not_null(), "Length of the file as it came.")
            .column("incoming_blob", |c| _ = c.text().not_null(), "Path of the blob as it came.")
            .column("incoming_pin", |c| _ = c.text().not_null(), "The pinned version of that blob, in the store's words.")
            .column("arrival", |c| _ = c.text().not_null(), "What signatures it came with, in intake's words.")
            .column(
                "signed_by",
                |c| _ = c.text().null(),
                "Fingerprint of the certificate that the kept signature is by. Stands here for the ledger alone.",
            )
            .column("requested_by", |c| _ = c.text().null(), "Who pushed it.")
            .column("created_at", |c| _ = c.big_integer().not_null(), "When it was recorded.")
            .create(manager)
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("packages_identity")
                    .table("packages")
                    .col("id_lower")
                    .col("version_lower")
                    .unique()
                    .and_where(Expr::cust("holds_identity"))
                    .take(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("packages_refused")
                    .table("packages")
                    .col("id_lower")
                    .col("version_lower")
                    .and_where(Expr::cust("NOT holds_identity"))
                    .take(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("packages_ledger").table("packages").col("signed_by").and_where(Expr::cust("visible")).take(),
            )
            .await?;
        manager.create_index(Index::create().name("packages_blob").table("packages").col("incoming_blob").take()).await?;
        Commented::table("manifests", "The nuspec of each package, apart from the rows that every claim reads.")
            .column("package_key", |c| _ = c.big_integer().not_null().primary_key(), "The package.")
            .column("nuspec", |c| _ = c.blob().not_null(), "The nuspec's bytes as they stand in the package.")
            .of_package("package_key")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        commented::drop(manager, "manifests").await?;
        commented::drop(manager, "packages").await?;
        commented::end(manager).await
    }
}
