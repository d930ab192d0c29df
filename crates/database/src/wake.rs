//! Waking within the process.
