//! Who may import whom: the table, and the test that holds it.
//!
//! Adding an edge here is a change of the architecture, and is reviewed as one.

use crate::cargo;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// Each crate, and the crates of ours that it may depend on (dev-dependencies apart).
const MAY_IMPORT: &[(&str, &[&str])] = &[
    // Floor 0: pure.
    ("model", &[]),
    ("nupkg", &["model"]),
    ("nuget-signature", &["model"]),
    ("certificates", &["model"]),
    // Support: knows nothing of packages or signatures.
    ("config", &[]),
    ("telemetry", &["config"]),
    ("proto", &[]),
    ("web", &["model", "config", "telemetry"]),
    // Floor 1: one outside thing each.
    ("migrations", &[]),
    ("queue", &["model", "config", "telemetry"]),
    ("storage", &["model", "config", "telemetry"]),
    ("keys", &["model", "certificates", "config", "telemetry"]),
    ("timestamp", &["model", "nuget-signature", "certificates", "config", "telemetry"]),
    ("database", &["model", "queue", "certificates", "config", "telemetry", "migrations"]),
    // Floor 2: the use cases.
    ("verification", &["model", "nupkg", "nuget-signature", "certificates"]),
    ("intake", &["model", "nupkg", "nuget-signature", "verification", "storage", "database", "config", "telemetry"]),
    ("signing", &["model", "nupkg", "nuget-signature", "certificates", "keys", "timestamp"]),
    // Floor 3: the roles; never one another.
    ("ingest", &["model", "intake", "web", "config", "telemetry"]),
    (
        "worker",
        &[
            "model",
            "nupkg",
            "nuget-signature",
            "signing",
            "verification",
            "certificates",
            "keys",
            "timestamp",
            "storage",
            "queue",
            "database",
            "config",
            "telemetry",
        ],
    ),
    (
        "front",
        &[
            "model",
            "nupkg",
            "intake",
            "verification",
            "certificates",
            "storage",
            "queue",
            "database",
            "proto",
            "web",
            "config",
            "telemetry",
        ],
    ),
    // Floor 4: the composition root.
    (
        "countersign",
        &[
            "model",
            "nupkg",
            "nuget-signature",
            "certificates",
            "verification",
            "signing",
            "keys",
            "timestamp",
            "queue",
            "storage",
            "database",
            "migrations",
            "intake",
            "ingest",
            "worker",
            "front",
            "proto",
            "web",
            "config",
            "telemetry",
        ],
    ),
    // Nobody depends on these outside tests.
    ("testkit", &["model"]),
    ("system-tests", &["testkit"]),
    ("xtask", &[]),
];

pub(crate) fn run() -> Result<()> {
    let output = cargo().args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata answers JSON")?;
    let wrong = violations(&metadata)?;
    if !wrong.is_empty() {
        bail!("imports that the table in xtask/src/layers.rs does not allow:\n  {}", wrong.join("\n  "));
    }
    println!("layers: {} crates, every import is in the table", MAY_IMPORT.len());
    Ok(())
}

fn violations(metadata: &Value) -> Result<Vec<String>> {
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    let ours: Vec<&str> = packages.iter().filter_map(|p| p["name"].as_str()).collect();
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().context("a package has a name")?;
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|row| row.0 == name) else {
            wrong.push(format!("{name} is not in the table"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default();
            let dev = dependency["kind"].as_str() == Some("dev");
            if !dev && !dependency["path"].is_null() && ours.contains(&to) && !allowed.contains(&to) {
                wrong.push(format!("{name} -> {to}"));
            }
        }
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_that_is_not_in_the_table_is_named() {
        let metadata = serde_json::json!({"packages": [
            {"name": "front", "dependencies": [{"name": "keys", "kind": null, "path": "/x"}, {"name": "model", "kind": null, "path": "/x"}]},
            {"name": "keys", "dependencies": [{"name": "front", "kind": "dev", "path": "/x"}]},
            {"name": "model", "dependencies": []},
        ]});
        assert_eq!(violations(&metadata).unwrap(), ["front -> keys"]);
    }
}
