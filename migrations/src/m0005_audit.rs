//! The audit of key uses. The database itself refuses to change or delete a row of it.

use crate::commented::{self, Commented};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Commented::table("audit", "One row before each use of a key (intent) and one after (outcome). Rows are only ever added.")
            .column("id", |c| _ = c.big_integer().not_null().auto_increment().primary_key(), "The key, ascending.")
            .column("intent_id", |c| _ = c.big_integer().null(), "For an outcome: the intent it belongs to.")
            .column(
                "outcome",
                |c| _ = c.text().null(),
                "Null: an intent. value_kept: the key answered, a timestamp is to come; signed: published; failed: came to nothing.",
            )
            .column("at", |c| _ = c.big_integer().not_null(), "When.")
            .column("job_id", |c| _ = c.big_integer().not_null(), "The job; its row may be gone.")
            .column("attempt", |c| _ = c.big_integer().not_null(), "The job's attempt, from 1.")
            .column("worker", |c| _ = c.text().not_null(), "The worker.")
            .column("requested_by", |c| _ = c.text().null(), "Who asked for the package to be signed.")
            .column("package_id", |c| _ = c.text().not_null(), "The package's id.")
            .column("package_version", |c| _ = c.text().not_null(), "The package's version.")
            .column("package_sha256", |c| _ = c.text().not_null(), "SHA-256 of the package's unsigned form.")
            .column("fingerprint", |c| _ = c.text().not_null(), "SHA-256 fingerprint of the certificate, upper case.")
            .column("digest", |c| _ = c.text().not_null(), "What the key was to sign: algorithm and digest.")
            .column("code", |c| _ = c.text().null(), "Why it came to nothing: the stable word.")
            .column("build", |c| _ = c.text().not_null(), "Version of the program that wrote the row.")
            .create(manager)
            .await?;
        manager.create_index(Index::create().name("audit_job").table("audit").col("job_id").take()).await?;
        let guard: &[&str] = match manager.get_database_backend() {
            DbBackend::Postgres => &[
                "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$",
                "CREATE TRIGGER audit_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON audit \
                 FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()",
            ],
            _ => &[
                "CREATE TRIGGER audit_not_updated BEFORE UPDATE ON audit \
                 BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
                "CREATE TRIGGER audit_not_deleted BEFORE DELETE ON audit \
                 BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
            ],
        };
        for sql in guard {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            commented::drop(manager, "audit").await?;
            manager.get_connection().execute_unprepared("DROP FUNCTION audit_is_append_only()").await?;
            return Ok(());
        }
        commented::drop(manager, "audit").await
    }
}
