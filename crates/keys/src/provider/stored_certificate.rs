//! A certificate that an operator got from a certification authority, with its key, in a PFX file.
