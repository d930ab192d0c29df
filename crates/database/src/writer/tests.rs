//! Group commit, from inside.
