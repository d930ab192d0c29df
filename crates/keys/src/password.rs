//! A password that is never shown and is wiped when dropped.

use std::fmt;
use zeroize::Zeroizing;

/// The password of a PFX file; the empty one stands for "none".
#[derive(Clone, Default)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The empty password.
    pub fn none() -> Self {
        Self::default()
    }

    /// This password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Whether it is the empty one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "Password(none)" } else { "Password(…)" })
    }
}
