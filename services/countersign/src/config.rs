//! Configuration: every section read, checked, and put together. Nothing else in the house reads a key or the environment.
//!
//! Format and precedence: one JSON file, then environment variables in .NET's manner, then the command line.
//! `docs/CONFIGURATION.md` lists every key; a test holds the two together.

mod auth;
mod feed;
mod limits;
mod listeners;
mod seed_keys;
mod signing;
mod stores;

pub(crate) use auth::Auth;
pub(crate) use feed::Feed;
pub(crate) use limits::Limits;
pub(crate) use listeners::{Listener, Listeners};
pub(crate) use signing::{Mode, OnFailure, Signing};
pub(crate) use stores::Stores;

use ::config::{Problem, Reader, Source};
use anyhow::{Context as _, Result, anyhow};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The configuration file when none is named.
const DEFAULT_FILE: &str = "countersign.json";

/// Sections in which a key that nobody reads is an error.
const SECTIONS: &[&str] = &["Signing", "Storage", "Database", "Queue", "Http", "Grpc", "Feed", "Auth", "Telemetry", "Limits"];

/// What the command line says beside the configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    /// `--config`; else `countersign.json` when it is there.
    pub(crate) file: Option<PathBuf>,
    /// `--data`.
    pub(crate) data: Option<PathBuf>,
    /// `--listen`.
    pub(crate) listen: Option<SocketAddr>,
    /// `--grpc-listen`.
    pub(crate) grpc_listen: Option<SocketAddr>,
}

/// Everything, checked.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The folder of everything that lasts and has no place of its own.
    pub(crate) data: PathBuf,
    pub(crate) listeners: Listeners,
    pub(crate) feed: Feed,
    pub(crate) auth: Auth,
    pub(crate) stores: Stores,
    pub(crate) signing: Signing,
    pub(crate) limits: Limits,
    /// Keys of the seed system that are read and change nothing here; said in the log.
    pub(crate) ignored: Vec<String>,
}

impl Settings {
    /// Reads the file and the environment as `serve` understands them.
    pub(crate) fn load(overrides: &Overrides) -> Result<Self> {
        let text = read_file(overrides.file.as_deref())?;
        // This is where the environment is read.
        let environment = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let source = Source::new(text.as_deref(), environment, seed_keys::ROOT_KEYS).with_context(|| named(overrides.file.as_deref()))?;
        Self::read(&source, overrides).map_err(|problems| {
            let mut text = format!("the configuration has {} fault(s):", problems.len());
            for problem in problems {
                let _infallible = write!(text, "\n  {problem}");
            }
            anyhow!(text)
        })
    }

    fn read(source: &Source, overrides: &Overrides) -> Result<Self, Vec<Problem>> {
        let reader = Reader::new(source);
        let settings = Self::from_reader(&reader, overrides);
        reader.finish(SECTIONS)?;
        Ok(settings)
    }

    fn from_reader(reader: &Reader<'_>, overrides: &Overrides) -> Self {
        let root = reader.section("");
        let ignored = seed_keys::check(reader);
        let data = overrides.data.clone().unwrap_or_else(|| PathBuf::from("countersign-data"));
        let limits = Limits::read(&root.section("Limits"));
        let listeners = Listeners::read(&root, overrides);
        let feed = Feed::read(&root.section("Feed"));
        let auth = Auth::read(&root);
        let stores = Stores::read(&root, &data);
        let signing = Signing::read(&root, reader.has("Signing"));
        for (name, listener) in [("Http:Listen", &listeners.http), ("Grpc:Listen", &listeners.grpc)] {
            if listener.listen.ip().is_loopback() {
                continue;
            }
            if auth.keys.is_empty() && !auth.allow_anonymous_push {
                reader.problem(
                    name,
                    format!(
                        "{} is beyond loopback, so anyone there could push: set Auth:ApiKeys, or Auth:AllowAnonymousPush to true",
                        listener.listen
                    ),
                );
            }
            if feed.public_base_url.is_none() {
                reader.problem(
                    name,
                    format!("{} is beyond loopback, so Feed:PublicBaseUrl (https) must say how clients reach this feed", listener.listen),
                );
            }
        }
        Self { data, listeners, feed, auth, stores, signing, limits, ignored }
    }
}

/// The configuration file, as messages name it.
fn named(path: Option<&Path>) -> String {
    path.unwrap_or(Path::new(DEFAULT_FILE)).display().to_string()
}

/// The configuration file's text: the one named, else `countersign.json` when it is there.
fn read_file(named: Option<&Path>) -> Result<Option<String>> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if named.is_none() && e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| format!("the configuration file {} cannot be read", path.display())),
    }
}

/// How secrets kept in files are read.
fn read_secret_file(path: &str) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

#[cfg(test)]
mod tests;
