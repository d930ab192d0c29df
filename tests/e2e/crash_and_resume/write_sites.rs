//! Every write has a named fail point.
