//! Opening the database.

use crate::{DatabaseConfig, Error};
use std::sync::Arc;

/// The database. Cheap to clone; all clones share the writer, the readers and the wakes.
#[derive(Debug, Clone)]
pub struct Database {
    shared: Arc<()>,
}

impl Database {
    /// Opens the database, making the file when it is not there. Does not migrate.
    pub async fn connect(config: &DatabaseConfig) -> Result<Self, Error> {
        let _ = config;
        unimplemented!()
    }

    /// Brings the schema up to this build's.
    pub async fn migrate(&self) -> Result<(), Error> {
        let _ = &self.shared;
        unimplemented!()
    }

    /// Names of the migrations that are not applied yet.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, Error> {
        unimplemented!()
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        unimplemented!()
    }

    /// Takes no more writes, ends those that wait, and closes the connections.
    pub async fn close(&self) {
        unimplemented!()
    }
}
