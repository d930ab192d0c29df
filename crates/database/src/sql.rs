//! Statements and rows: the thin layer between this crate's SQL and sea-orm.
//!
//! Placeholders are `$1`…, which SQLite and PostgreSQL both read. Times are milliseconds since 1970 as `bigint`, read once
//! a transaction from the database's clock and given to statements as a value, so that one dialect's words for "now" stand
//! in one place.

use crate::{Error, ErrorKind};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, TryGetable, Value};
use std::time::Duration;
use time::OffsetDateTime;

/// The database's clock as an expression, in milliseconds since 1970.
macro_rules! now {
    () => {
        "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
    };
}
pub(crate) use now;

/// Asks for the database's clock.
pub(crate) const NOW: &str = concat!("SELECT ", now!());

/// A statement of ours with its values.
pub(crate) fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

/// Runs `statement` and says how many rows it changed.
pub(crate) async fn execute(on: &impl ConnectionTrait, context: &'static str, statement: Statement) -> Result<u64, Error> {
    let result: ExecResult = on.execute_raw(statement).await.map_err(|e| from_db(context, e))?;
    Ok(result.rows_affected())
}

/// Runs `statement` and gives all its rows.
pub(crate) async fn rows(on: &impl ConnectionTrait, context: &'static str, statement: Statement) -> Result<Vec<QueryResult>, Error> {
    on.query_all_raw(statement).await.map_err(|e| from_db(context, e))
}

/// Runs `statement` and gives its first row.
pub(crate) async fn row(on: &impl ConnectionTrait, context: &'static str, statement: Statement) -> Result<Option<QueryResult>, Error> {
    on.query_one_raw(statement).await.map_err(|e| from_db(context, e))
}

/// Runs several statements that are sent together, and gives the rows of all of them. One that fails takes all of them back.
///
/// `sql` is put between `SAVEPOINT together;` and `; RELEASE together` by [`statements!`].
pub(crate) async fn together(on: &impl ConnectionTrait, context: &'static str, statements: Statement) -> Result<Vec<QueryResult>, Error> {
    match on.query_all_raw(statements).await {
        Ok(rows) => Ok(rows),
        Err(e) => {
            // Fails when the savepoint was not reached, or SQLite has taken the whole transaction back; the writer looks then.
            _ = on.execute_raw(statement("ROLLBACK TO together; RELEASE together", [])).await;
            Err(from_db(context, e))
        }
    }
}

/// Statements for [`together`].
macro_rules! statements {
    ($name:literal, $($statement:expr),+ $(,)?) => {
        concat!("-- ", $name, "\nSAVEPOINT together; ", $($statement, "; "),+, "RELEASE together")
    };
}
pub(crate) use statements;

/// The columns of one row, taken in their order.
pub(crate) struct Columns<'a> {
    row: &'a QueryResult,
    at: usize,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(row: &'a QueryResult) -> Self {
        Self { row, at: 0 }
    }

    pub(crate) fn next<T: TryGetable>(&mut self) -> Result<T, Error> {
        let at = self.at;
        self.at += 1;
        self.row.try_get_by_index(at).map_err(|e| Error::new(ErrorKind::Internal, format!("reading column {at} of a row")).caused_by(e))
    }

    pub(crate) fn next_u64(&mut self) -> Result<u64, Error> {
        let value = self.next::<i64>()?;
        u64::try_from(value).map_err(|e| Error::new(ErrorKind::Internal, "reading a size").caused_by(e))
    }

    pub(crate) fn next_time(&mut self) -> Result<OffsetDateTime, Error> {
        time_of(self.next()?)
    }

    pub(crate) fn next_time_or_none(&mut self) -> Result<Option<OffsetDateTime>, Error> {
        self.next::<Option<i64>>()?.map(time_of).transpose()
    }
}

/// Reads milliseconds since 1970.
pub(crate) fn time_of(millis: i64) -> Result<OffsetDateTime, Error> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .map_err(|e| Error::new(ErrorKind::Internal, "reading a time").caused_by(e))
}

/// A moment as milliseconds since 1970, rounded down.
pub(crate) fn millis_of(at: OffsetDateTime) -> i64 {
    at.unix_timestamp() * 1000 + i64::from(at.millisecond())
}

/// A duration as milliseconds, for adding to the database's now.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

/// A size as the rows hold it.
pub(crate) fn size(bytes: u64) -> Result<i64, Error> {
    i64::try_from(bytes).map_err(|e| Error::new(ErrorKind::Internal, "a size over 2^63").caused_by(e))
}

/// `count` placeholders from `$first`, for `IN (…)`.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    let all: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    all.join(", ")
}

/// `keys` repeated at the end up to the next power of four, so that statements with lists come in few shapes and stay prepared.
pub(crate) fn padded(keys: impl IntoIterator<Item = i64>) -> Vec<Value> {
    let mut keys: Vec<i64> = keys.into_iter().collect();
    let mut shape = 1;
    while shape < keys.len() {
        shape *= 4;
    }
    if let Some(last) = keys.last().copied() {
        keys.resize(shape, last);
    }
    keys.into_iter().map(Value::from).collect()
}

/// What a failure of sea-orm's means to the caller.
pub(crate) fn from_db(context: &'static str, error: DbErr) -> Error {
    let kind = match &error {
        // The statement ran and was refused, or the row is not what the code takes it for.
        DbErr::Query(_) | DbErr::Exec(_) if !is_transient(&error) => ErrorKind::Internal,
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) | DbErr::Query(_) | DbErr::Exec(_) => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    };
    Error::new(kind, context).caused_by(error)
}

/// Busy, full disk, failing disk, a file that cannot be opened or is locked: the database's trouble, not the statement's.
fn is_transient(error: &DbErr) -> bool {
    let (DbErr::Query(sea_orm::RuntimeErr::SqlxError(e)) | DbErr::Exec(sea_orm::RuntimeErr::SqlxError(e))) = error else {
        return false;
    };
    let Some(database) = e.as_database_error() else {
        return true;
    };
    // SQLite's primary result codes are the low octet of the extended ones.
    let primary = database.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff);
    matches!(primary, Some(5 | 6 | 7 | 8 | 10 | 13 | 14 | 26))
}
