//! Where values come from: a JSON file and the environment, flattened to `Section:Key` paths as .NET does.

use serde_json::Value;
use std::collections::BTreeMap;

/// Largest configuration file that is read, in bytes.
pub(crate) const FILE_BYTES_MAX: usize = 1 << 20;

/// Why a configuration file is not one.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Not JSON.
    #[error("the configuration file is not JSON")]
    Json(#[from] serde_json::Error),
    /// JSON, but not an object.
    #[error("the configuration file is not a JSON object")]
    NotAnObject,
    /// Too large.
    #[error("the configuration file is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
}

/// A value, and where it was said.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// The path as it was spelled.
    pub(crate) path: String,
    /// The value; an empty variable is the value `""`.
    pub(crate) value: String,
    /// The environment variable that said it; else the file did.
    pub(crate) variable: Option<String>,
}

/// All values, by lower-cased path.
#[derive(Debug, Clone, Default)]
pub struct Source {
    values: BTreeMap<String, Said>,
    environment: BTreeMap<String, String>,
}

impl Source {
    /// Takes the text of a JSON file (or none) and the environment. Variables are read in .NET's manner: `__` stands for `:`,
    /// and only those with a `__` or with a name in `root_keys` say anything.
    pub fn new(
        file: Option<&str>,
        environment: impl IntoIterator<Item = (String, String)>,
        root_keys: &[&str],
    ) -> Result<Self, SourceError> {
        let mut source = Self::default();
        if let Some(text) = file {
            if text.len() > FILE_BYTES_MAX {
                return Err(SourceError::TooLarge);
            }
            let Value::Object(root) = serde_json::from_str(text)? else { return Err(SourceError::NotAnObject) };
            for (key, value) in root {
                source.flatten(key, value);
            }
        }
        for (name, value) in environment {
            if name.contains("__") || root_keys.iter().any(|k| k.eq_ignore_ascii_case(&name)) {
                let path = name.replace("__", ":");
                // A list given by environment replaces, index by index, the one of the file.
                source.values.insert(path.to_lowercase(), Said { path, value: value.clone(), variable: Some(name.clone()) });
            }
            source.environment.insert(name, value);
        }
        Ok(source)
    }

    fn flatten(&mut self, path: String, value: Value) {
        let value = match value {
            Value::Null => return,
            Value::Bool(b) => b.to_string(),
            Value::Number(n) => n.to_string(),
            Value::String(s) => s,
            Value::Array(items) => {
                for (i, item) in items.into_iter().enumerate() {
                    self.flatten(format!("{path}:{i}"), item);
                }
                return;
            }
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.flatten(format!("{path}:{key}"), value);
                }
                return;
            }
        };
        self.values.insert(path.to_lowercase(), Said { path, value, variable: None });
    }

    pub(crate) fn said(&self, path: &str) -> Option<&Said> {
        self.values.get(&path.to_lowercase())
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }

    pub(crate) fn below<'a>(&'a self, section: &str) -> impl Iterator<Item = (&'a str, &'a Said)> {
        let prefix = format!("{}:", section.to_lowercase());
        self.values.range(prefix.clone()..).take_while(move |(k, _)| k.starts_with(&prefix)).map(|(k, v)| (k.as_str(), v))
    }

    /// Whether anything at all is said at or below `path`.
    pub fn has(&self, path: &str) -> bool {
        self.said(path).is_some() || self.below(path).next().is_some()
    }
}
