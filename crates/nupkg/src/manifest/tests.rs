//! Nuspecs, good and bad.

use super::*;
