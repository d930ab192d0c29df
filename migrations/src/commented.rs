//! Tables whose every column has a comment, on both databases.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// A table to create, with its comments.
pub(crate) struct Commented {
    name: &'static str,
    statement: TableCreateStatement,
    comments: Vec<(String, &'static str)>,
}

impl Commented {
    pub(crate) fn table(name: &'static str, comment: &'static str) -> Self {
        let mut statement = Table::create();
        statement.table(name);
        Self { name, statement, comments: vec![(String::new(), comment)] }
    }

    /// Adds a column; `define` sets its type.
    #[must_use]
    pub(crate) fn column(mut self, name: &'static str, define: impl FnOnce(&mut ColumnDef), comment: &'static str) -> Self {
        let mut column = ColumnDef::new(name);
        define(&mut column);
        self.statement.col(&mut column);
        self.comments.push((name.to_owned(), comment));
        self
    }

    /// Adds what is not a column: keys, references, checks.
    #[must_use]
    pub(crate) fn with(mut self, define: impl FnOnce(&mut TableCreateStatement)) -> Self {
        define(&mut self.statement);
        self
    }

    /// A reference to `packages` that goes with its package.
    #[must_use]
    pub(crate) fn of_package(mut self, column: &'static str) -> Self {
        let mut key = ForeignKey::create();
        key.from(self.name, column).to("packages", "id").on_delete(ForeignKeyAction::Cascade);
        self.statement.foreign_key(&mut key);
        self
    }

    /// Creates the table and keeps its comments.
    pub(crate) async fn create(self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        manager.create_table(self.statement).await?;
        let connection = manager.get_connection();
        for (column, comment) in self.comments {
            let comment = comment.replace('\'', "''");
            let sql = match (manager.get_database_backend(), column.is_empty()) {
                (DbBackend::Postgres, true) => format!("COMMENT ON TABLE {} IS '{comment}'", self.name),
                (DbBackend::Postgres, false) => format!("COMMENT ON COLUMN {}.{column} IS '{comment}'", self.name),
                _ => format!(
                    "INSERT INTO schema_comments (table_name, column_name, comment) VALUES ('{}', '{column}', '{comment}')",
                    self.name
                ),
            };
            connection.execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

/// Drops a table and its comments.
pub(crate) async fn drop(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    manager.drop_table(Table::drop().table(name).take()).await?;
    if manager.get_database_backend() != DbBackend::Postgres {
        let sql = format!("DELETE FROM schema_comments WHERE table_name = '{name}'");
        manager.get_connection().execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// Creates the table of comments, where the database keeps none itself.
pub(crate) async fn begin(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        return Ok(());
    }
    Commented::table("schema_comments", "What each table and column means; SQLite keeps no comments itself.")
        .column("table_name", |c| _ = c.text().not_null(), "The table.")
        .column("column_name", |c| _ = c.text().not_null(), "The column; empty for the table itself.")
        .column("comment", |c| _ = c.text().not_null(), "What it means.")
        .with(|t| _ = t.primary_key(Index::create().col("table_name").col("column_name")))
        .create(manager)
        .await
}

/// Drops the table of comments.
pub(crate) async fn end(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        return Ok(());
    }
    manager.drop_table(Table::drop().table("schema_comments").take()).await
}
