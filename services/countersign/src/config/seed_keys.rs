//! The keys of the seed system (AvantiPoint Packages) outside our own sections: what becomes of each.
//!
//! A file of that system starts here unchanged, or is refused with a reason: what would open something that was closed is never ignored.

use config::Reader;

/// What becomes of a key.
enum Fate {
    /// Read where it belongs.
    Honoured,
    /// Changes nothing here, and opens nothing.
    Harmless,
    /// Refused unless it has this value.
    Only(&'static str, &'static str),
    /// Refused when set at all (blank apart).
    Refused(&'static str),
}

/// Keys at the root that may come from the environment without a `__`.
pub(super) const ROOT_KEYS: &[&str] = &[
    "ApiKey",
    "IsReadOnlyMode",
    "AllowPackageOverwrites",
    "PackageDeletionBehavior",
    "PathBase",
    "RunMigrationsAtStartup",
    "ValidateServiceProviders",
];

const TABLE: &[(&str, Fate)] = &[
    ("ApiKey", Fate::Honoured),
    ("Shield", Fate::Honoured),
    ("Shields", Fate::Honoured),
    ("Feed:Authentication:ApiKey", Fate::Honoured),
    ("Feed:Authentication:AllowAnonymousPull", Fate::Only("true", "pulls are anonymous here for now, so this feed would be open")),
    ("IsReadOnlyMode", Fate::Only("false", "read-only mode is not there yet, so pushes would be taken")),
    ("AllowPackageOverwrites", Fate::Only("false", "a published version keeps its bytes here")),
    ("PathBase", Fate::Refused("a path before every route is not there yet; Feed:PublicBaseUrl may have one that a proxy takes off")),
    ("PackageDeletionBehavior", Fate::Harmless),
    ("RunMigrationsAtStartup", Fate::Harmless),
    ("ValidateServiceProviders", Fate::Harmless),
    ("Mirror", Fate::Harmless),
    ("PackageSources", Fate::Harmless),
    ("Search", Fate::Harmless),
    ("Caching", Fate::Harmless),
    ("Logging", Fate::Harmless),
    ("AllowedHosts", Fate::Harmless),
    ("Kestrel", Fate::Harmless),
    ("ConnectionStrings", Fate::Harmless),
];

/// Reports what is refused; answers the keys that are there and change nothing.
pub(super) fn check(reader: &Reader<'_>) -> Vec<String> {
    let root = reader.section("");
    let mut ignored = Vec::new();
    for (key, fate) in TABLE {
        match fate {
            Fate::Honoured => {}
            Fate::Harmless => {
                if reader.has(key) {
                    ignored.push((*key).to_owned());
                }
            }
            Fate::Only(value, why) => {
                if let Some(said) = root.filled(key)
                    && !said.trim().eq_ignore_ascii_case(value)
                {
                    reader.problem(key, format!("{said:?} is refused: {why}"));
                }
            }
            Fate::Refused(why) => {
                if let Some(said) = root.filled(key) {
                    reader.problem(key, format!("{said:?} is refused: {why}"));
                }
            }
        }
    }
    ignored
}
