//! The subscriber: one line an event on standard error, as text or JSON.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Installs the subscriber for the process. `filter` is in `tracing`'s syntax (`info`, `countersign=debug,info`); one that does not
/// parse falls back to `info`. A second call changes nothing.
pub fn install(filter: &str, format: Format) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_span_events(FmtSpan::NONE);
    // An Err says that a subscriber is there already.
    let _installed = match format {
        Format::Text => builder.with_ansi(false).with_target(false).try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
}
