//! `/v3/package/…`: the list of versions, packages and their nuspecs.

use super::conditional::{Condition, Validators};
use super::range::{self, Wanted};
use crate::served::{Served, unknown};
use crate::state::FrontState;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt as _;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use model::{Code, NuGetVersion, PackageIdentity, Refusal};
use serde::Serialize;
use web::Problem;

/// The visible versions of an id, lower-case, in NuGet's order.
pub(super) async fn versions(State(state): State<FrontState>, Path(id): Path<String>) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Versions {
        versions: Vec<String>,
    }
    let id = super::package_id(&id)?;
    let views = state.database().visible_versions(&id.to_lower()).await.map_err(|e| state.database_refusal(&e))?;
    if views.is_empty() {
        return Err(Refusal::new(Code::PackageNotFound, format!("there is no package {}", id.as_str())).into());
    }
    let mut versions: Vec<NuGetVersion> = views.into_iter().map(|view| view.package.identity.version).collect();
    versions.sort();
    Ok(super::json(&Versions { versions: versions.iter().map(NuGetVersion::to_lower).collect() }))
}

/// A package or its nuspec, as the file's name says.
pub(super) async fn content(
    State(state): State<FrontState>,
    Path((id, version, file)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let identity = super::identity(&id, &version)?;
    match File::named(&file, &identity) {
        Some(File::Package) => download(&state, &identity, &request.into_parts().0).await,
        Some(File::Nuspec) => nuspec(&state, &identity).await,
        None => Err(Refusal::new(Code::RouteNotFound, "a package has no such file").into()),
    }
}

async fn nuspec(state: &FrontState, identity: &PackageIdentity) -> Result<Response, Problem> {
    let view = state.database().find(identity).await.map_err(|e| state.database_refusal(&e))?;
    let view = view.filter(|v| v.package.visible && v.package.holds_identity).ok_or_else(|| unknown(identity))?;
    let nuspec = state.database().nuspec(view.package.key).await.map_err(|e| state.database_refusal(&e))?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"))], nuspec).into_response())
}

async fn download(state: &FrontState, identity: &PackageIdentity, request: &Parts) -> Result<Response, Problem> {
    let served = state.serve(identity, super::client(&request.extensions)).await?;
    let validators = Validators::new(&served.tag, served.modified);
    let (headers, is_get) = (&request.headers, request.method == Method::GET);
    let ranged = match validators.weigh(headers) {
        Condition::Failed => return Ok(StatusCode::PRECONDITION_FAILED.into_response()),
        Condition::NotModified => return Ok(described(Response::new(Body::empty()), StatusCode::NOT_MODIFIED, &served, &validators)),
        Condition::Ranged => is_get,
        Condition::Whole => false,
    };
    // Anything but GET has no ranges (RFC 9110 14.2).
    let wanted = match headers.get(header::RANGE).and_then(|value| value.to_str().ok()) {
        Some(header) if ranged => range::parse(header, served.size),
        _ => Wanted::Whole,
    };
    let (status, range) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0..served.size),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Nothing => return Ok(out_of_range(served.size)),
    };
    let body = if is_get {
        let stream = state.stream(&served, range.clone()).await?;
        metrics::counter!(telemetry::names::DOWNLOADS, "source" => served.source.as_str()).increment(1);
        let blob = served.identity.id.as_str().to_owned();
        Body::from_stream(stream.chunks.inspect_err(move |error| {
            tracing::error!(package.id = %blob, error = %telemetry::chain(error), "a download broke off");
        }))
    } else {
        Body::empty()
    };
    let mut response = described(Response::new(body), status, &served, &validators);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    if status == StatusCode::PARTIAL_CONTENT {
        let text = format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), served.size);
        headers.extend(HeaderValue::try_from(text).ok().map(|value| (header::CONTENT_RANGE, value)));
    }
    Ok(response)
}

/// The headers that stand in 200, 206 and 304 alike.
fn described(mut response: Response, status: StatusCode, served: &Served, validators: &Validators) -> Response {
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.extend(HeaderValue::try_from(validators.tag()).ok().map(|value| (header::ETAG, value)));
    headers.extend(HeaderValue::try_from(validators.last_modified()).ok().map(|value| (header::LAST_MODIFIED, value)));
    if let Some(refusal) = &served.warning {
        // Worded where every such header is worded.
        let problem = Problem::new(refusal.clone()).into_response();
        headers.extend(problem.headers().get(&WARNING).map(|value| (WARNING, value.clone())));
    }
    response
}

fn out_of_range(size: u64) -> Response {
    let refusal = Refusal::new(Code::RangeNotSatisfiable, format!("the package has {size} bytes"));
    let mut response = Problem::new(refusal).into_response();
    let value = HeaderValue::try_from(format!("bytes */{size}")).ok();
    response.headers_mut().extend(value.map(|value| (header::CONTENT_RANGE, value)));
    response
}

/// A file of a package that has an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum File {
    Package,
    Nuspec,
}

impl File {
    /// `{id}.{version}.nupkg` or `{id}.nuspec`, in any spelling of the identity.
    fn named(file: &str, identity: &PackageIdentity) -> Option<Self> {
        let file = file.to_lowercase();
        let rest = file.strip_prefix(&identity.id.to_lower())?.strip_prefix('.')?;
        if rest == "nuspec" {
            return Some(Self::Nuspec);
        }
        let version = NuGetVersion::parse(rest.strip_suffix(".nupkg")?).ok()?;
        (version.to_lower() == identity.version.to_lower()).then_some(Self::Package)
    }
}

/// The header whose text NuGet's client shows as a warning.
const WARNING: HeaderName = HeaderName::from_static("x-nuget-warning");

#[cfg(test)]
mod tests {
    use super::*;
    use model::PackageId;

    #[test]
    fn a_file_is_named_in_any_spelling() {
        let identity = PackageIdentity { id: PackageId::parse("Bar.A").unwrap(), version: NuGetVersion::parse("1.0-RC").unwrap() };
        let cases = [
            ("bar.a.1.0.0-rc.nupkg", Some(File::Package)),
            ("Bar.A.1.0-RC.NUPKG", Some(File::Package)),
            ("bar.a.1.0.0.0-rc.nupkg", Some(File::Package)),
            ("bar.a.nuspec", Some(File::Nuspec)),
            ("BAR.A.nuspec", Some(File::Nuspec)),
            ("bar.a.1.0.1-rc.nupkg", None),
            ("bar.a.1.0.0-rc", None),
            ("bar.1.0.0-rc.nupkg", None),
            ("bar.b.nuspec", None),
            ("icon", None),
        ];
        for (file, expected) in cases {
            assert_eq!(File::named(file, &identity), expected, "{file}");
        }
    }
}
