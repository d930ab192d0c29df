//! Jobs: what is true about the work on a package, and who has it now.

use crate::commented::{self, Commented};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Commented::table("jobs", "The job of signing one package. State says what is true, the lease who is looking and until when.")
            .column("id", |c| _ = c.big_integer().not_null().auto_increment().primary_key(), "The key, never used twice.")
            .column("package_key", |c| _ = c.big_integer().not_null(), "The package; each has one job.")
            .column(
                "state",
                |c| _ = c.text().not_null(),
                "pending: to be done; signed: done; rejected: the package's fault, for good; failed: ours, attempts are spent.",
            )
            .column(
                "lane",
                |c| _ = c.integer().not_null(),
                "How urgent: 0 interactive, 1 upload, 2 campaign, 9 dormant (never claimed until it is raised).",
            )
            .column("not_before", |c| _ = c.big_integer().not_null(), "Not claimed before this moment.")
            .column("attempts", |c| _ = c.big_integer().not_null(), "Attempts begun; counted at the claim.")
            .column("lease_token", |c| _ = c.text().null(), "The fencing token of the lease.")
            .column("lease_expires_at", |c| _ = c.big_integer().null(), "When the lease ends.")
            .column("worker", |c| _ = c.text().null(), "Who holds the lease.")
            .column("code", |c| _ = c.text().null(), "Why it was rejected, failed or put off: the stable word.")
            .column("nu", |c| _ = c.integer().null(), "NuGet's number for that, where it has one.")
            .column("reason", |c| _ = c.text().null(), "The same in a sentence that the uploader may read.")
            .column("created_at", |c| _ = c.big_integer().not_null(), "When it was recorded.")
            .column("updated_at", |c| _ = c.big_integer().not_null(), "When the row last changed.")
            .of_package("package_key")
            .with(|t| _ = t.check(Expr::cust("state IN ('pending', 'signed', 'rejected', 'failed')")))
            .with(|t| _ = t.check(Expr::cust("(lease_token IS NULL) = (lease_expires_at IS NULL)")))
            .with(|t| _ = t.check(Expr::cust("state = 'pending' OR lease_token IS NULL")))
            .create(manager)
            .await?;
        manager.create_index(Index::create().name("jobs_package").table("jobs").col("package_key").unique().take()).await?;
        // Holds pending jobs alone, so that a claim costs the same however many are done. The creation time makes the age of
        // the oldest pending job a look into this index and nowhere else.
        manager
            .create_index(
                Index::create()
                    .name("jobs_claimable")
                    .table("jobs")
                    .col("lane")
                    .col("not_before")
                    .col("id")
                    .col("created_at")
                    .and_where(Expr::cust("state = 'pending'"))
                    .take(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("jobs_ended_badly")
                    .table("jobs")
                    .col("state")
                    .and_where(Expr::cust("state IN ('rejected', 'failed')"))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        commented::drop(manager, "jobs").await
    }
}
