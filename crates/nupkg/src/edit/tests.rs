//! Signing, taking out and replacing, on small archives.
