//! Group commit, from inside: what is answered is what was committed.

use crate::wake::Effect;
use crate::writer::{Atomic, Scope};
use crate::{Database, DatabaseConfig, Error, ErrorKind, sql};
use model::Code;
use model::job::JobId;
use sea_orm::ConnectionTrait as _;
use std::path::Path;
use tokio::sync::oneshot;

async fn opened(folder: &Path) -> Database {
    let database = Database::connect(&DatabaseConfig::file(&folder.join("test.db"))).await.expect("opens");
    database
        .write("making a table", |scope| Box::pin(put_sql(scope, "CREATE TABLE IF NOT EXISTS t (n integer PRIMARY KEY)")))
        .await
        .expect("makes");
    database
}

async fn put_sql(scope: &Scope<'_>, sql: &'static str) -> Result<(), Error> {
    scope.on.execute_unprepared(sql).await.map(drop).map_err(|e| sql::from_db("running a statement", e))
}

async fn put(scope: &Scope<'_>, n: i64) -> Result<(), Error> {
    sql::execute(scope.on, "putting a number", sql::statement("INSERT INTO t (n) VALUES ($1)", [n.into()])).await.map(drop)
}

async fn numbers(on: &impl sea_orm::ConnectionTrait) -> Vec<i64> {
    let rows = sql::rows(on, "reading", sql::statement("SELECT n FROM t ORDER BY n", [])).await.expect("reads");
    rows.iter().map(|row| sql::Columns::of(row).next().expect("a number")).collect()
}

/// Keeps the writer busy until what is returned is sent or dropped, so that what is written meanwhile waits together.
async fn hold(database: &Database) -> oneshot::Sender<()> {
    let (busy, is_busy) = oneshot::channel();
    let (end, ended) = oneshot::channel::<()>();
    let database = database.clone();
    tokio::spawn(async move {
        let holding = database.write("holding", |_| {
            Box::pin(async move {
                _ = busy.send(());
                _ = ended.await;
                Ok(())
            })
        });
        holding.await.expect("holds");
    });
    is_busy.await.expect("is busy");
    end
}

#[tokio::test]
async fn one_failing_operation_harms_no_other_and_every_answer_is_true() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = opened(folder.path()).await;
    let end = hold(&database).await;
    // Every third fails, after having written; one more breaks a constraint.
    let writes: Vec<_> = (0..9)
        .map(|n| {
            let database = database.clone();
            tokio::spawn(async move {
                let write = database.write("trying", move |scope| {
                    Box::pin(async move {
                        put(scope, if n == 8 { 7 } else { n }).await?;
                        if n % 3 == 1 && n != 7 { Err(Error::new(ErrorKind::LeaseLost, "lost")) } else { Ok(n) }
                    })
                });
                write.await.map_err(|e| e.kind())
            })
        })
        .collect();
    tokio::task::yield_now().await;
    drop(end);
    let mut answers = Vec::new();
    for write in writes {
        answers.push(write.await.expect("ends"));
    }
    let lost = Err(ErrorKind::LeaseLost);
    assert_eq!(answers, [Ok(0), lost, Ok(2), Ok(3), lost, Ok(5), Ok(6), Ok(7), Err(ErrorKind::Internal)]);
    assert_eq!(numbers(database.reader()).await, [0, 2, 3, 5, 6, 7]);
}

#[tokio::test]
async fn what_waits_together_is_committed_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = opened(folder.path()).await;
    let end = hold(&database).await;
    let first = database.clone();
    let first = tokio::spawn(async move { first.write("first", |scope| Box::pin(put(scope, 1))).await });
    tokio::task::yield_now().await;
    let second = database.clone();
    let second = tokio::spawn(async move {
        let outside = second.clone();
        let write =
            second.write("second", move |scope| Box::pin(async move { Ok((numbers(scope.on).await, numbers(outside.reader()).await)) }));
        write.await
    });
    tokio::task::yield_now().await;
    drop(end);
    first.await.expect("ends").expect("writes");
    // In one transaction with the first, which nobody outside sees yet.
    assert_eq!(second.await.expect("ends").expect("reads"), (vec![1], vec![]));
    assert_eq!(numbers(database.reader()).await, [1]);
}

#[tokio::test]
async fn a_commit_that_fails_is_told_to_everybody_in_it_and_the_next_one_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = opened(folder.path()).await;
    let references = "CREATE TABLE r (n integer REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED)";
    database.write("making a table", |scope| Box::pin(put_sql(scope, references))).await.expect("makes");
    let waiting = database.wakes().wait_on(JobId(1));
    let mut woken = std::pin::pin!(waiting.notify.notified());
    woken.as_mut().enable();
    let end = hold(&database).await;
    let good = database.clone();
    let good = tokio::spawn(async move {
        let write = good.write("good", |scope| {
            scope.after_commit(Effect::JobChanged(JobId(1)));
            Box::pin(put(scope, 1))
        });
        write.await
    });
    tokio::task::yield_now().await;
    let refused = database.clone();
    let refused = tokio::spawn(async move {
        let write =
            refused.write("refused", |_| Box::pin(async { Err::<(), _>(Error::new(ErrorKind::NotFound, "there is no such thing")) }));
        write.await
    });
    tokio::task::yield_now().await;
    // Nothing is wrong with it until the commit.
    let bad = database.clone();
    let bad = tokio::spawn(async move { bad.write("bad", |scope| Box::pin(put_sql(scope, "INSERT INTO r VALUES (99)"))).await });
    tokio::task::yield_now().await;
    drop(end);
    for (what, write) in [("good", good), ("refused", refused), ("bad", bad)] {
        let told = write.await.expect("ends").map_err(|e| (e.kind(), e.to_string()));
        assert_eq!(told, Err((ErrorKind::Internal, "committing".to_owned())), "{what}");
    }
    assert_eq!(numbers(database.reader()).await, [0_i64; 0]);
    assert!(futures::poll!(woken).is_pending(), "nobody is woken by what was not committed");
    database.write("next", |scope| Box::pin(put(scope, 2))).await.expect("writes");
    assert_eq!(numbers(database.reader()).await, [2]);
}

/// SQLite takes the whole transaction back on some errors, a full disk among them; here it is told to.
const ROLLBACK: &str = "INSERT OR ROLLBACK INTO t (n) VALUES (1)";

#[tokio::test]
async fn when_the_database_takes_the_transaction_back_nobody_is_told_of_success() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = opened(folder.path()).await;
    for atomic in [Atomic::BySavepoint, Atomic::ByItself] {
        let end = hold(&database).await;
        let mut writes = Vec::new();
        for n in [1, 0, 2] {
            let database = database.clone();
            writes.push(tokio::spawn(async move {
                let writer = database.writer("trying").expect("open");
                let write = writer.write("trying", atomic, move |scope| {
                    Box::pin(async move { if n == 0 { put_sql(scope, ROLLBACK).await } else { put(scope, n).await } })
                });
                write.await.is_ok()
            }));
            tokio::task::yield_now().await;
        }
        drop(end);
        for write in writes {
            assert!(!write.await.expect("ends"), "{atomic:?}");
        }
        assert_eq!(numbers(database.reader()).await, [0_i64; 0], "{atomic:?}");
        database.write("next", |scope| Box::pin(put(scope, 7))).await.expect("writes");
        assert_eq!(numbers(database.reader()).await, [7], "{atomic:?}");
        database.write("clearing", |scope| Box::pin(put_sql(scope, "DELETE FROM t"))).await.expect("clears");
    }
}

#[tokio::test]
async fn of_statements_sent_together_all_count_or_none() {
    const TWICE: &str = sql::statements!("test", "INSERT INTO t (n) VALUES ($1)", "INSERT INTO t (n) VALUES ($2) RETURNING n");
    let folder = tempfile::tempdir().expect("a folder");
    let database = opened(folder.path()).await;
    let twice = async |first: i64, second: i64| {
        let write = database.write_atomic("putting two", move |scope| {
            Box::pin(async move {
                let rows = sql::together(scope.on, "putting two", sql::statement(TWICE, [first.into(), second.into()])).await?;
                rows.iter().map(|row| sql::Columns::of(row).next::<i64>()).collect::<Result<Vec<_>, _>>()
            })
        });
        write.await.map_err(|e| e.kind())
    };
    assert_eq!(twice(1, 2).await, Ok(vec![2]));
    assert_eq!(twice(3, 2).await, Err(ErrorKind::Internal));
    assert_eq!(twice(1, 4).await, Err(ErrorKind::Internal));
    assert_eq!(twice(5, 6).await, Ok(vec![6]));
    assert_eq!(numbers(database.reader()).await, [1, 2, 5, 6]);
}

#[tokio::test]
async fn an_operation_that_panics_takes_only_itself_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = opened(folder.path()).await;
    let broken = database.write("breaking", |scope| {
        Box::pin(async move {
            put(scope, 1).await?;
            if scope.now > 0 {
                panic!("on purpose");
            }
            Ok(())
        })
    });
    let told = broken.await.map_err(|e| (e.kind(), e.to_string()));
    assert_eq!(told, Err((ErrorKind::Internal, "breaking: the writer gave no answer".to_owned())));
    database.write("next", |scope| Box::pin(put(scope, 2))).await.expect("writes");
    assert_eq!(numbers(database.reader()).await, [2]);
}

/// The files as a power cut would leave them.
fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).expect("lists") {
        let file = file.expect("lists").path();
        // The index of the log is made anew by whoever opens the files.
        if !file.to_string_lossy().ends_with("-shm") {
            std::fs::copy(&file, to.join(file.file_name().expect("a name"))).expect("copies");
        }
    }
}

#[tokio::test]
async fn a_crash_before_the_commit_leaves_nothing_and_after_the_answer_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let (before, after) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let database = opened(folder.path()).await;
    database.write("earlier", |scope| Box::pin(put(scope, 1))).await.expect("writes");
    let (from, to) = (folder.path().to_owned(), before.path().to_owned());
    let write = database.write("crashing", move |scope| {
        Box::pin(async move {
            put(scope, 2).await?;
            copy(&from, &to);
            Ok(())
        })
    });
    write.await.expect("writes");
    copy(folder.path(), after.path());
    assert_eq!(numbers(opened(before.path()).await.reader()).await, [1]);
    assert_eq!(numbers(opened(after.path()).await.reader()).await, [1, 2]);
}

#[tokio::test]
async fn more_writes_than_may_wait_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = DatabaseConfig {
        queue: 1,
        batch: 1,
        busy_timeout: std::time::Duration::from_millis(20),
        ..DatabaseConfig::file(&folder.path().join("test.db"))
    };
    let database = Database::connect(&config).await.expect("opens");
    let end = hold(&database).await;
    let waits = database.clone();
    let waits = tokio::spawn(async move { waits.write("waiting", |_| Box::pin(async { Ok(()) })).await });
    tokio::task::yield_now().await;
    let told = database.write("refused", |_| Box::pin(async { Ok(()) })).await.map_err(|e| (e.kind(), e.code(), e.to_string()));
    let reason = "refused: too many writes wait".to_owned();
    assert_eq!(told, Err((ErrorKind::Unavailable, Code::DatabaseUnavailable, reason)));
    drop(end);
    waits.await.expect("ends").expect("writes");
}

#[tokio::test]
async fn another_process_that_writes_is_waited_for_and_then_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    opened(folder.path()).await.close().await;
    let config =
        DatabaseConfig { busy_timeout: std::time::Duration::from_millis(20), ..DatabaseConfig::file(&folder.path().join("test.db")) };
    let (one, other) = (Database::connect(&config).await.expect("opens"), Database::connect(&config).await.expect("opens"));
    let end = hold(&one).await;
    let told = other.write("writing", |scope| Box::pin(put(scope, 1))).await.map_err(|e| (e.kind(), e.to_string()));
    assert_eq!(told, Err((ErrorKind::Unavailable, "beginning a transaction".to_owned())));
    drop(end);
    // `one` lets go of the lock when it gets round to it.
    while other.write("writing", |scope| Box::pin(put(scope, 1))).await.is_err() {}
    assert_eq!(numbers(other.reader()).await, [1]);
}

#[tokio::test]
async fn closing_writes_what_waits_and_takes_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = opened(folder.path()).await;
    let end = hold(&database).await;
    let waits = database.clone();
    let waits = tokio::spawn(async move { waits.write("waiting", |scope| Box::pin(put(scope, 1))).await });
    tokio::task::yield_now().await;
    let closing = database.clone();
    let closing = tokio::spawn(async move { closing.close().await });
    tokio::task::yield_now().await;
    let told = database.write("late", |scope| Box::pin(put(scope, 2))).await.map_err(|e| (e.kind(), e.to_string()));
    assert_eq!(told, Err((ErrorKind::Unavailable, "late: the database is closed".to_owned())));
    drop(end);
    waits.await.expect("ends").expect("writes");
    closing.await.expect("ends");
    assert_eq!(numbers(opened(folder.path()).await.reader()).await, [1]);
}
