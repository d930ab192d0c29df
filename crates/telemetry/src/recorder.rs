//! The Prometheus recorder: installed once a process, rendered on demand.

use crate::names::{self, Kind};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Bucket bounds of every histogram of seconds.
const SECONDS: &[f64] = &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Why metrics cannot be collected.
#[derive(Debug, thiserror::Error)]
#[error("the metrics recorder cannot be installed")]
pub struct MetricsError(#[from] BuildError);

/// The process's metrics.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Installs the recorder and names every metric, so that each is there (at nought) from the start.
    pub fn install(version: &'static str) -> Result<Self, MetricsError> {
        let handle =
            PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?.install_recorder()?;
        for (name, kind, meaning) in names::ALL {
            match kind {
                Kind::Counter => metrics::describe_counter!(*name, *meaning),
                Kind::Gauge => metrics::describe_gauge!(*name, *meaning),
                Kind::Histogram => metrics::describe_histogram!(*name, *meaning),
            }
        }
        metrics::gauge!(names::BUILD_INFO, "version" => version).set(1.0);
        Ok(Self(handle))
    }

    /// The text that Prometheus scrapes.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}
