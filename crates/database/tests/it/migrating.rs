//! The schema goes up and down again, and says what it means.

use crate::fixture::Fixture;
use sea_orm::{ConnectionTrait as _, Statement};
use std::collections::BTreeSet;

async fn column_of(fixture: &Fixture, sql: &str) -> Vec<String> {
    let connection = sea_orm::Database::connect(&fixture.config.url).await.expect("opens");
    let statement = Statement::from_string(sea_orm::DbBackend::Sqlite, sql);
    let rows = connection.query_all_raw(statement).await.expect("reads");
    let read = rows.iter().map(|row| row.try_get_by_index::<String>(0).expect("text"));
    let read = read.collect();
    connection.close().await.expect("closes");
    read
}

const OBJECTS: &str = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'seaql_%' ORDER BY name";

#[tokio::test]
async fn every_migration_goes_up_and_down_and_up_again() {
    let fixture = Fixture::unmigrated().await;
    let all = fixture.pending_migrations().await.expect("reads");
    assert_eq!(all, ["m0001_packages", "m0002_jobs", "m0003_signatures", "m0004_certificates", "m0005_audit"]);
    fixture.migrate().await.expect("goes up");
    let whole = column_of(&fixture, OBJECTS).await;
    assert!(whole.contains(&"packages".to_owned()), "{whole:?}");
    assert_eq!(fixture.pending_migrations().await.expect("reads"), Vec::<String>::new());
    for step in (0..all.len()).rev() {
        fixture.migrate_down(1).await.expect("goes down");
        assert_eq!(fixture.pending_migrations().await.expect("reads"), all[step..]);
    }
    assert_eq!(column_of(&fixture, OBJECTS).await, Vec::<String>::new());
    fixture.migrate().await.expect("goes up again");
    assert_eq!(column_of(&fixture, OBJECTS).await, whole);
}

#[tokio::test]
async fn migrating_what_is_migrated_changes_nothing() {
    let fixture = Fixture::new().await;
    fixture.second().await.migrate().await.expect("migrates");
    assert_eq!(fixture.pending_migrations().await.expect("reads"), Vec::<String>::new());
}

#[tokio::test]
async fn every_table_and_column_has_a_comment() {
    let fixture = Fixture::new().await;
    let tables = "SELECT name || '.' FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'seaql_%'";
    let columns = "SELECT t.name || '.' || c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' \
         AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE 'seaql_%'";
    let mut there: BTreeSet<String> = column_of(&fixture, tables).await.into_iter().collect();
    there.extend(column_of(&fixture, columns).await);
    let commented = "SELECT table_name || '.' || column_name FROM schema_comments WHERE length(comment) > 3";
    let commented: BTreeSet<String> = column_of(&fixture, commented).await.into_iter().collect();
    assert_eq!(there, commented);
}

#[tokio::test]
async fn claiming_looks_at_pending_jobs_alone() {
    let fixture = Fixture::new().await;
    // No sorting, and a range of the index of pending jobs.
    let connection = sea_orm::Database::connect(&fixture.config.url).await.expect("opens");
    let sql = "EXPLAIN QUERY PLAN SELECT id, lane, not_before FROM jobs WHERE state = 'pending' AND lane = 1 AND not_before <= 5 \
         AND (lease_expires_at IS NULL OR lease_expires_at <= 5) ORDER BY not_before, id LIMIT 10";
    let rows = connection.query_all_raw(Statement::from_string(sea_orm::DbBackend::Sqlite, sql)).await.expect("explains");
    let details: Vec<String> = rows.iter().map(|row| row.try_get::<String>("", "detail").expect("text")).collect();
    assert_eq!(details, ["SEARCH jobs USING INDEX jobs_claimable (lane=? AND not_before<?)"]);
}
