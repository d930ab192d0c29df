//! The one writer: operations that wait together are committed together.
//!
//! A batch is one transaction (`BEGIN IMMEDIATE`, so that nothing it reads can change under it), each operation of it a
//! savepoint. An operation that fails takes only its own savepoint back. Nobody is answered before the commit, not even with
//! an error: an error too may rest on what the batch did, and the batch may come to nothing.
//!
//! What costs here is not the statement but the way to SQLite's thread and back, twice a statement. So operations that happen
//! often are [`Atomic::ByItself`]: one statement, or several sent together, with no savepoint opened and released around them.

use crate::sql::{self, from_db};
use crate::wake::{Effect, Wakes};
use crate::{Error, ErrorKind};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use sea_orm::{DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait as _};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The door to the writer.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Operation>>,
    /// How long to wait for a place in the queue.
    patience: Duration,
}

/// How it comes that an operation which fails has changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Atomic {
    /// The writer opens a savepoint for it, and takes that back.
    BySavepoint,
    /// It changes rows by one statement, or by [`sql::together`], and by nothing after that.
    ByItself,
}

/// What an operation works on.
#[derive(Debug)]
pub(crate) struct Scope<'t> {
    /// The transaction, or the operation's savepoint in it.
    pub(crate) on: &'t DatabaseTransaction,
    /// The database's clock when the transaction began, in milliseconds.
    pub(crate) now: i64,
    effects: Mutex<Vec<Effect>>,
}

impl<'t> Scope<'t> {
    fn new(on: &'t DatabaseTransaction, now: i64) -> Self {
        Self { on, now, effects: Mutex::default() }
    }

    fn into_effects(self) -> Vec<Effect> {
        self.effects.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has somebody woken once the operation is committed.
    pub(crate) fn after_commit(&self, effect: Effect) {
        self.effects.lock().unwrap_or_else(PoisonError::into_inner).push(effect);
    }
}

impl Writer {
    /// Starts the writer on `connection`; it ends when its door is dropped and the queue is empty.
    pub(crate) fn start(
        connection: DatabaseConnection,
        wakes: Arc<Wakes>,
        queue: usize,
        batch: usize,
        patience: Duration,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(queue.max(1));
        let task = tokio::spawn(write(connection, wakes, receiver, batch.max(1)));
        (Self { queue: sender, patience }, task)
    }

    /// Runs `operation` in the next batch and answers after its commit. Dropped on the way, the operation may be committed.
    pub(crate) async fn write<T, F>(&self, context: &'static str, atomic: Atomic, operation: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a Scope<'a>) -> BoxFuture<'a, Result<T, Error>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let queued = Box::new(Queued { atomic, operation, answer });
        self.queue.send_timeout(queued, self.patience).await.map_err(|e| {
            let reason = match e {
                mpsc::error::SendTimeoutError::Timeout(_) => "too many writes wait",
                mpsc::error::SendTimeoutError::Closed(_) => "the writer has stopped",
            };
            Error::new(ErrorKind::Unavailable, format!("{context}: {reason}"))
        })?;
        // The writer answers everything it takes, unless an operation panics or the process ends.
        answered.await.map_err(|e| Error::new(ErrorKind::Internal, format!("{context}: the writer gave no answer")).caused_by(e))?
    }
}

trait Operation: Send {
    fn atomic(&self) -> Atomic;

    /// Does the work; the answer is held back in what is returned.
    fn run<'a>(self: Box<Self>, scope: &'a Scope<'a>) -> BoxFuture<'a, Ran>
    where
        Self: 'a;

    /// Answers that the batch could not begin.
    fn refuse(self: Box<Self>, error: Error);
}

/// An operation that has run and waits for the commit.
struct Ran {
    failed: bool,
    answer: Box<dyn FnOnce(Result<(), Error>) + Send>,
}

struct Queued<F, T> {
    atomic: Atomic,
    operation: F,
    answer: oneshot::Sender<Result<T, Error>>,
}

impl<F, T> Operation for Queued<F, T>
where
    T: Send + 'static,
    F: for<'a> FnOnce(&'a Scope<'a>) -> BoxFuture<'a, Result<T, Error>> + Send,
{
    fn atomic(&self) -> Atomic {
        self.atomic
    }

    fn run<'a>(self: Box<Self>, scope: &'a Scope<'a>) -> BoxFuture<'a, Ran>
    where
        Self: 'a,
    {
        Box::pin(async move {
            let Queued { operation, answer, .. } = *self;
            let result = operation(scope).await;
            let failed = result.is_err();
            // Whoever asked may have gone; the work stands all the same.
            Ran { failed, answer: Box::new(move |committed| _ = answer.send(committed.and(result))) }
        })
    }

    fn refuse(self: Box<Self>, error: Error) {
        _ = self.answer.send(Err(error));
    }
}

async fn write(connection: DatabaseConnection, wakes: Arc<Wakes>, mut queue: mpsc::Receiver<Box<dyn Operation>>, batch: usize) {
    let mut waiting = Vec::new();
    while queue.recv_many(&mut waiting, batch).await > 0 {
        gather(&mut queue, &mut waiting, batch).await;
        commit(&connection, &wakes, std::mem::take(&mut waiting)).await;
    }
    if let Err(error) = connection.close().await {
        tracing::debug!(error = &error as &dyn std::error::Error, "the writing connection did not close");
    }
}

/// Lets tasks that were just answered queue what they do next: it costs a turn of the scheduler, and saves a commit.
async fn gather(queue: &mut mpsc::Receiver<Box<dyn Operation>>, waiting: &mut Vec<Box<dyn Operation>>, batch: usize) {
    const TURNS: usize = 4;
    for _ in 0..TURNS {
        let before = waiting.len();
        tokio::task::yield_now().await;
        while waiting.len() < batch {
            match queue.try_recv() {
                Ok(operation) => waiting.push(operation),
                Err(_) => break,
            }
        }
        if waiting.len() == before || waiting.len() == batch {
            return;
        }
    }
}

async fn commit(connection: &DatabaseConnection, wakes: &Wakes, operations: Vec<Box<dyn Operation>>) {
    let (transaction, now) = match begin(connection).await {
        Ok(begun) => begun,
        Err(error) => {
            for operation in operations {
                operation.refuse(error.clone());
            }
            return;
        }
    };
    let mut batch = Batch { answers: Vec::with_capacity(operations.len()), effects: Vec::new() };
    let committed = match batch.run(transaction, now, operations).await {
        Ok(transaction) => transaction.commit().await.map_err(|e| from_db("committing", e)),
        Err(error) => Err(error),
    };
    if committed.is_ok() {
        wakes.apply(&batch.effects);
    }
    for answer in batch.answers {
        answer(committed.clone());
    }
}

async fn begin(connection: &DatabaseConnection) -> Result<(DatabaseTransaction, i64), Error> {
    let options = TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..TransactionOptions::default() };
    let transaction = connection.begin_with_options(options).await.map_err(|e| from_db("beginning a transaction", e))?;
    // Read after the lock was taken: whatever was committed before counts as before this moment.
    let sql = concat!("SAVEPOINT batch; SELECT ", sql::now!());
    let now = sql::rows(&transaction, "reading the database's clock", sql::statement(sql, [])).await?.pop();
    let now = now.ok_or_else(|| Error::new(ErrorKind::Internal, "the database's clock gave no row"))?;
    let now = sql::Columns::of(&now).next()?;
    Ok((transaction, now))
}

/// Whether SQLite still has the transaction: on some errors (a full disk) it takes the whole of it back by itself, and what
/// comes after would be committed statement by statement.
async fn is_whole(transaction: &DatabaseTransaction) -> Result<(), Error> {
    let sql = "RELEASE batch; SAVEPOINT batch";
    sql::execute(transaction, "looking whether the transaction is there", sql::statement(sql, [])).await.map(drop)
}

type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;

struct Batch {
    answers: Vec<Answer>,
    effects: Vec<Effect>,
}

impl Batch {
    /// Runs every operation. An error means that the transaction is gone and none of them happened.
    async fn run(
        &mut self,
        transaction: DatabaseTransaction,
        now: i64,
        operations: Vec<Box<dyn Operation>>,
    ) -> Result<DatabaseTransaction, Error> {
        let mut lost = None;
        for operation in operations {
            if let Some(error) = &lost {
                operation.refuse(Error::clone(error));
                continue;
            }
            lost = match operation.atomic() {
                Atomic::ByItself => self.run_bare(&transaction, now, operation).await.err(),
                Atomic::BySavepoint => match transaction.begin().await {
                    Ok(savepoint) => self.run_in(savepoint, now, operation).await.err(),
                    Err(e) => {
                        let error = from_db("opening a savepoint", e);
                        operation.refuse(error.clone());
                        Some(error)
                    }
                },
            };
        }
        match lost {
            None => Ok(transaction),
            Some(error) => {
                // SQLite has taken the transaction back already when it gave up; this is for when it has not.
                _ = transaction.rollback().await;
                Err(error)
            }
        }
    }

    async fn run_bare(&mut self, transaction: &DatabaseTransaction, now: i64, operation: Box<dyn Operation>) -> Result<(), Error> {
        match self.run_one(Scope::new(transaction, now), operation).await {
            Ended::Well => Ok(()),
            Ended::Badly => is_whole(transaction).await,
        }
    }

    async fn run_in(&mut self, savepoint: DatabaseTransaction, now: i64, operation: Box<dyn Operation>) -> Result<(), Error> {
        match self.run_one(Scope::new(&savepoint, now), operation).await {
            Ended::Well => savepoint.commit().await.map_err(|e| from_db("releasing a savepoint", e)),
            Ended::Badly => savepoint.rollback().await.map_err(|e| from_db("taking a savepoint back", e)),
        }
    }

    async fn run_one(&mut self, scope: Scope<'_>, operation: Box<dyn Operation>) -> Ended {
        match AssertUnwindSafe(operation.run(&scope)).catch_unwind().await {
            Ok(Ran { failed, answer }) => {
                self.answers.push(answer);
                if failed {
                    return Ended::Badly;
                }
                self.effects.extend(scope.into_effects());
                Ended::Well
            }
            // The panic was printed where it happened, and whoever asked sees that no answer comes.
            Err(_) => Ended::Badly,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Well,
    Badly,
}

#[cfg(test)]
mod tests;
