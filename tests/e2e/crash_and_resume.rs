//! Whatever a crash leaves is finished once after a restart.
