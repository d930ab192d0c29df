//! `/v3/registration/…`: reads nuspecs and rows into the documents.

use crate::documents::moment;
use crate::documents::registration::{self as document, Dependency, Group, Version};
use crate::served::unknown;
use crate::state::FrontState;
use axum::extract::{Path, State};
use axum::response::Response;
use model::{Code, NuGetVersion, PackageId, Refusal};
use nupkg::manifest::{self, Manifest};
use std::collections::HashMap;
use time::OffsetDateTime;
use web::Problem;

pub(super) async fn index(State(state): State<FrontState>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = super::package_id(&id)?;
    let versions = visible(&state, &id).await?;
    let document = document::index(&state.config().addresses, &id.to_lower(), &versions);
    let document = document.ok_or_else(|| Refusal::new(Code::PackageNotFound, format!("there is no package {}", id.as_str())))?;
    Ok(super::json(&document))
}

pub(super) async fn leaf(State(state): State<FrontState>, Path((id, leaf)): Path<(String, String)>) -> Result<Response, Problem> {
    let no_leaf = || Refusal::new(Code::RouteNotFound, "a registration has no such document");
    let identity = super::identity(&id, leaf.strip_suffix(".json").ok_or_else(no_leaf)?)?;
    let view = state.database().find(&identity).await.map_err(|e| state.database_refusal(&e))?;
    let package = view.map(|v| v.package).filter(|p| p.visible && p.holds_identity).ok_or_else(|| unknown(&identity))?;
    let version = Version { key: package.identity.version.to_lower(), published: moment(package.created), ..Version::default() };
    Ok(super::json(&document::leaf(&state.config().addresses, &package.identity.id.to_lower(), &version)))
}

/// The visible versions of an id, in NuGet's order, with what their nuspecs say.
async fn visible(state: &FrontState, id: &PackageId) -> Result<Vec<Version>, Problem> {
    let _place = state.registration_place().await;
    let key = id.to_lower();
    let views = state.database().visible_versions(&key).await.map_err(|e| state.database_refusal(&e))?;
    let nuspecs = state.database().visible_nuspecs(&key).await.map_err(|e| state.database_refusal(&e))?;
    let mut nuspecs: HashMap<_, _> = nuspecs.into_iter().collect();
    let mut rows: Vec<Row> = views
        .into_iter()
        .map(|view| Row {
            id: view.package.identity.id.as_str().to_owned(),
            version: view.package.identity.version,
            created: view.package.created,
            // A version that became visible between the two reads has none yet: it is told without its dependencies
            // nowhere, so it waits for the next request.
            nuspec: nuspecs.remove(&view.package.key),
        })
        .filter(|row| row.nuspec.is_some())
        .collect();
    rows.sort_by(|a, b| a.version.cmp(&b.version));
    // Hundreds of manifests of up to a MiB are no work for the threads that serve.
    let read = tokio::task::spawn_blocking(move || rows.into_iter().map(Row::read).collect());
    read.await.map_err(|error| {
        tracing::error!(%error, "reading manifests ended early");
        Problem::new(Refusal::new(Code::Internal, "the registration cannot be read"))
    })
}

struct Row {
    id: String,
    version: NuGetVersion,
    created: OffsetDateTime,
    nuspec: Option<Vec<u8>>,
}

impl Row {
    fn read(self) -> Version {
        let base = Version {
            id: self.id,
            version: self.version.normalized(),
            key: self.version.to_lower(),
            published: moment(self.created),
            ..Version::default()
        };
        match manifest::parse(self.nuspec.as_deref().unwrap_or_default()) {
            Ok(manifest) => described(base, manifest),
            // It could be read when it came in. Its content can still be had; only what the page says of it is poor.
            Err(error) => {
                tracing::error!(package.id = %base.id, package.version = %base.version, error = %telemetry::chain(&error), "a stored nuspec cannot be read");
                base
            }
        }
    }
}

fn described(base: Version, manifest: Manifest) -> Version {
    let group = |group: manifest::DependencyGroup| Group {
        target_framework: group.target_framework.unwrap_or_default(),
        dependencies: group.dependencies.into_iter().map(|d| Dependency { id: d.id, range: d.range }).collect(),
    };
    Version {
        authors: manifest.authors.unwrap_or_default(),
        description: manifest.description.unwrap_or_default(),
        icon_url: manifest.icon_url.unwrap_or_default(),
        language: manifest.language.unwrap_or_default(),
        license_expression: manifest.license_expression.unwrap_or_default(),
        license_url: manifest.license_url.unwrap_or_default(),
        min_client_version: manifest.min_client_version.unwrap_or_default(),
        project_url: manifest.project_url.unwrap_or_default(),
        require_license_acceptance: manifest.require_license_acceptance,
        summary: manifest.summary.unwrap_or_default(),
        tags: manifest.tags.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        title: manifest.title.unwrap_or_default(),
        dependency_groups: manifest.dependency_groups.into_iter().map(group).collect(),
        ..base
    }
}
