//! PFX files as other tools write them.
