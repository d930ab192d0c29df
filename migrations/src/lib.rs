//! The schema, as numbered migrations: each goes up and down, and is never changed once merged.
//!
//! One definition serves SQLite and PostgreSQL: tables and indexes are built with sea-query, and the two places that need a
//! dialect (comments, the audit's triggers) have both. Every table and every column carries a comment: PostgreSQL keeps them
//! itself, for SQLite they stand in the table `schema_comments`.
//!
//! Times are `bigint`, milliseconds since 1970 by the database's clock. Digests are text, hexadecimal.
//!
//! Not here: rows. Whoever reads and writes them is `database`.

#![expect(elided_lifetimes_in_paths, reason = "MigrationTrait hides the manager's lifetime, and async_trait wants the same spelling")]

mod commented;
mod m0001_packages;
mod m0002_jobs;
mod m0003_signatures;
mod m0004_certificates;
mod m0005_audit;

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

/// All migrations, in order.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_packages::Migration),
            Box::new(m0002_jobs::Migration),
            Box::new(m0003_signatures::Migration),
            Box::new(m0004_certificates::Migration),
            Box::new(m0005_audit::Migration),
        ]
    }
}

/// Applies what is not applied yet. Give it a transaction: then a crash on the way leaves the schema as it was.
pub async fn run<'c>(on: impl IntoSchemaManagerConnection<'c>) -> Result<(), DbErr> {
    Migrator::up(on, None).await
}
