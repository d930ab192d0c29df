//! `Auth`: who may push.

use super::read_secret_file;
use config::{Secret, Section};

/// Who may push.
#[derive(Debug, Clone)]
pub(crate) struct Auth {
    /// Push keys, any of which will do.
    pub(crate) keys: Vec<Secret>,
    /// Pushing without a key is allowed even beyond loopback.
    pub(crate) allow_anonymous_push: bool,
}

impl Auth {
    pub(super) fn read(root: &Section<'_>) -> Self {
        let section = root.section("Auth");
        let mut keys: Vec<Secret> = section.list("ApiKeys").into_iter().map(Secret::new).collect();
        keys.extend(section.secret("ApiKey", &read_secret_file));
        // The seed system's two places for its one key.
        keys.extend(root.filled("ApiKey").map(Secret::new));
        keys.extend(root.section("Feed").section("Authentication").secret("ApiKey", &read_secret_file));
        Self { keys, allow_anonymous_push: section.boolean("AllowAnonymousPush").unwrap_or(false) }
    }
}
