//! Tests on a real SQLite file.
