//! Opening the database: one connection for the writer, a pool of connections for reading.

use crate::sql::{self, from_db};
use crate::wake::Wakes;
use crate::writer::{Atomic, Scope, Writer};
use crate::{DatabaseConfig, Error, ErrorKind};
use futures::future::BoxFuture;
use migrations::MigratorTrait as _;
use sea_orm::{ConnectOptions, DatabaseConnection};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// The database. Cheap to clone; all clones share the writer, the readers and the wakes.
#[derive(Debug, Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    readers: DatabaseConnection,
    wakes: Arc<Wakes>,
    writer: Mutex<Option<Arc<Writer>>>,
    task: Mutex<Option<JoinHandle<()>>>,
    poll: Duration,
    write_back_grace: Duration,
}

impl Database {
    /// Opens the database, making the file when it is not there. Does not migrate.
    pub async fn connect(config: &DatabaseConfig) -> Result<Self, Error> {
        if !config.url.starts_with("sqlite:") {
            return Err(Error::new(ErrorKind::Misconfigured, "the database must be a sqlite: address"));
        }
        // The writer first: it makes the file and puts it into WAL, which readers only find.
        let writing = sea_orm::Database::connect(options(config, 1, Use::Write)).await.map_err(|e| from_db("opening the database", e))?;
        let readers = sea_orm::Database::connect(options(config, config.readers.max(1), Use::Read))
            .await
            .map_err(|e| from_db("opening the database for reading", e))?;
        let wakes = Arc::<Wakes>::default();
        let (writer, task) = Writer::start(writing, Arc::clone(&wakes), config.queue, config.batch, config.busy_timeout);
        let shared = Shared {
            readers,
            wakes,
            writer: Mutex::new(Some(Arc::new(writer))),
            task: Mutex::new(Some(task)),
            poll: config.poll,
            write_back_grace: config.write_back_grace,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Brings the schema up to this build's, in one transaction; several processes may try at once.
    pub async fn migrate(&self) -> Result<(), Error> {
        self.write("migrating", |scope| {
            Box::pin(async move { migrations::run(scope.on).await.map_err(|e| from_db("applying migrations", e)) })
        })
        .await
    }

    /// Takes the schema down again by `steps` migrations; what they hold is lost.
    pub async fn migrate_down(&self, steps: u32) -> Result<(), Error> {
        self.write("migrating down", move |scope| {
            Box::pin(async move {
                let down = migrations::Migrator::down(scope.on, Some(steps));
                down.await.map_err(|e| from_db("taking migrations back", e))
            })
        })
        .await
    }

    /// Names of the migrations that are not applied yet.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, Error> {
        let sql = "-- pending_migrations\nSELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'";
        let known = sql::row(self.reader(), "looking for migrations", sql::statement(sql, [])).await?;
        let mut applied = Vec::<String>::new();
        if let Some(row) = known
            && sql::Columns::of(&row).next::<i64>()? > 0
        {
            let sql = "-- pending_migrations\nSELECT version FROM seaql_migrations";
            for row in sql::rows(self.reader(), "reading migrations", sql::statement(sql, [])).await? {
                applied.push(sql::Columns::of(&row).next()?);
            }
        }
        let all = migrations::Migrator::migrations();
        Ok(all.iter().map(|m| m.name().to_owned()).filter(|name| !applied.contains(name)).collect())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        sql::row(self.reader(), "asking the database", sql::statement(sql::NOW, [])).await.map(drop)
    }

    /// Takes no more writes, ends those that wait, and closes the connections.
    pub async fn close(&self) {
        // The last door dropped ends the writer, once it has written what waits.
        drop(lock(&self.shared.writer).take());
        let task = lock(&self.shared.task).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(error = &error as &dyn std::error::Error, "the writer ended badly");
        }
        if let Err(error) = self.shared.readers.close_by_ref().await {
            tracing::debug!(error = &error as &dyn std::error::Error, "the reading connections did not close");
        }
    }

    /// Runs `operation` in the writer's next batch and answers after its commit.
    pub(crate) async fn write<T, F>(&self, context: &'static str, operation: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a Scope<'a>) -> BoxFuture<'a, Result<T, Error>> + Send + 'static,
    {
        self.writer(context)?.write(context, Atomic::BySavepoint, operation).await
    }

    /// The same for an operation that needs no savepoint: see [`Atomic::ByItself`].
    pub(crate) async fn write_atomic<T, F>(&self, context: &'static str, operation: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a Scope<'a>) -> BoxFuture<'a, Result<T, Error>> + Send + 'static,
    {
        self.writer(context)?.write(context, Atomic::ByItself, operation).await
    }

    pub(crate) fn writer(&self, context: &'static str) -> Result<Arc<Writer>, Error> {
        let writer = lock(&self.shared.writer).clone();
        writer.ok_or_else(|| Error::new(ErrorKind::Unavailable, format!("{context}: the database is closed")))
    }

    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.shared.readers
    }

    pub(crate) fn wakes(&self) -> &Wakes {
        &self.shared.wakes
    }

    pub(crate) fn poll(&self) -> Duration {
        self.shared.poll
    }

    pub(crate) fn write_back_grace(&self) -> Duration {
        self.shared.write_back_grace
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a statement waits for a connection of the pool to be free: long, because a read takes milliseconds, and an end,
/// because a pool that is busy for longer will not come round by more waiting.
const FREE_CONNECTION: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Write,
    Read,
}

fn options(config: &DatabaseConfig, connections: u32, r#use: Use) -> ConnectOptions {
    let busy = config.busy_timeout;
    let mut options = ConnectOptions::new(&config.url);
    options
        .max_connections(connections)
        .min_connections(1)
        // A file needs no pinging, and its connections do not age.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(FREE_CONNECTION)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(move |o| {
            let o = o
                .create_if_missing(r#use == Use::Write)
                .foreign_keys(true)
                .busy_timeout(busy)
                .statement_cache_capacity(256)
                .pragma("journal_mode", "WAL")
                // A commit that was answered is on the disk: pushes are acknowledged by it.
                .pragma("synchronous", "FULL")
                // Checkpoints write and sync the main file within somebody's commit: rather few large ones than many small ones.
                .pragma("wal_autocheckpoint", "4000")
                .pragma("journal_size_limit", "67108864")
                .pragma("cache_size", "-16384")
                .pragma("temp_store", "MEMORY");
            match r#use {
                Use::Write => o,
                Use::Read => o.pragma("query_only", "ON"),
            }
        });
    options
}
