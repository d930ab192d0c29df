//! The gRPC side through its generated client.

use crate::feed::{Feed, KEY, config, sha256};
use bytes::Bytes;
use futures::stream;
use model::job::Lane;
use proto::v1::signing_service_client::SigningServiceClient;
use proto::v1::{
    DownloadPackageRequest, PackageIdentity, SignPackageHeader, SignPackageRequest, Upload, VerifyPackageHeader, VerifyPackageRequest,
    download_package_response, sign_package_header, sign_package_request, sign_package_response, verify_package_header,
    verify_package_request,
};
use std::sync::Arc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

async fn channel(feed: &Feed) -> Channel {
    Channel::from_shared(feed.grpc.clone()).unwrap().connect().await.unwrap()
}

fn named(id: &str, version: &str) -> Option<PackageIdentity> {
    Some(PackageIdentity { id: id.into(), version: version.into() })
}

fn authorised<T>(message: T, key: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    request
}

fn code_of(status: &Status) -> (Code, String) {
    (status.code(), status.get_details_error_info().map(|info| info.reason).unwrap_or_default())
}

fn header(source: sign_package_header::Source) -> SignPackageRequest {
    SignPackageRequest { part: Some(sign_package_request::Part::Header(SignPackageHeader { source: Some(source) })) }
}

fn upload(bytes: &[u8]) -> Vec<SignPackageRequest> {
    let chunk = |c: &[u8]| SignPackageRequest { part: Some(sign_package_request::Part::Chunk(Bytes::copy_from_slice(c))) };
    [header(sign_package_header::Source::Upload(Upload {}))].into_iter().chain(bytes.chunks(1000).map(chunk)).collect()
}

/// Everything of a SignPackage answer.
async fn signed(feed: &Feed, messages: Vec<SignPackageRequest>) -> Result<(proto::v1::SignedPackage, Vec<u8>, proto::v1::Summary), Status> {
    let mut client = SigningServiceClient::new(channel(feed).await);
    let mut answer = client.sign_package(authorised(stream::iter(messages), KEY)).await?.into_inner();
    let (mut result, mut bytes, mut summary) = (None, Vec::new(), None);
    while let Some(message) = answer.message().await? {
        assert!(summary.is_none(), "the summary is last");
        match message.part.unwrap() {
            sign_package_response::Part::Result(first) => {
                assert!(result.is_none() && bytes.is_empty(), "the result is first");
                result = Some(first);
            }
            sign_package_response::Part::Chunk(chunk) => bytes.extend_from_slice(&chunk),
            sign_package_response::Part::Summary(last) => summary = Some(last),
        }
    }
    Ok((result.unwrap(), bytes, summary.unwrap()))
}

#[tokio::test]
async fn health_is_told_and_can_be_changed() {
    let feed = Feed::start(config()).await;
    let mut client = HealthClient::new(channel(&feed).await);
    let mut ask = async |service: &str| client.check(HealthCheckRequest { service: service.into() }).await.unwrap().into_inner().status;
    assert_eq!((ask("").await, ask("countersign.v1.SigningService").await), (1, 1));
    feed.health.set(false).await;
    assert_eq!((ask("").await, ask("countersign.v1.SigningService").await), (2, 2));
}

#[tokio::test]
async fn reflection_answers_in_both_versions() {
    use tonic_reflection::pb::{v1, v1alpha};
    let feed = Feed::start(config()).await;
    let channel = channel(&feed).await;
    let symbol = "countersign.v1.SigningService".to_owned();
    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1::server_reflection_request::MessageRequest::FileContainingSymbol(symbol.clone())),
    };
    let mut answer = v1::server_reflection_client::ServerReflectionClient::new(channel.clone())
        .server_reflection_info(stream::iter([request]))
        .await
        .unwrap()
        .into_inner();
    let message = answer.message().await.unwrap().unwrap().message_response.unwrap();
    assert!(matches!(message, v1::server_reflection_response::MessageResponse::FileDescriptorResponse(_)), "{message:?}");
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(symbol)),
    };
    let mut answer = v1alpha::server_reflection_client::ServerReflectionClient::new(channel)
        .server_reflection_info(stream::iter([request]))
        .await
        .unwrap()
        .into_inner();
    let message = answer.message().await.unwrap().unwrap().message_response.unwrap();
    assert!(matches!(message, v1alpha::server_reflection_response::MessageResponse::FileDescriptorResponse(_)), "{message:?}");
}

#[tokio::test]
async fn nothing_is_read_without_the_key() {
    let feed = Feed::start(config()).await;
    let mut client = SigningServiceClient::new(channel(&feed).await);
    // The first message never comes: an answer that waited for it would never come either.
    let refused = client.sign_package(stream::pending::<SignPackageRequest>()).await.unwrap_err();
    assert_eq!(code_of(&refused), (Code::Unauthenticated, "push_key_missing".into()));
    let refused = client.sign_package(authorised(stream::pending(), "wrong")).await.unwrap_err();
    assert_eq!(code_of(&refused), (Code::PermissionDenied, "push_key_wrong".into()));
}

#[tokio::test]
async fn a_package_of_the_feed_is_downloaded_with_its_digest() {
    let feed = Feed::start(config()).await;
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let package = feed.add_signed("Bar.A", "1.0.0", &bytes).await;
    let mut client = SigningServiceClient::new(channel(&feed).await);
    let request = DownloadPackageRequest { identity: named("bar.a", "1.0") };
    let mut answer = client.download_package(request).await.unwrap().into_inner();
    let (mut got, mut heads, mut summary) = (Vec::new(), Vec::new(), None);
    while let Some(message) = answer.message().await.unwrap() {
        match message.part.unwrap() {
            download_package_response::Part::Package(head) => heads.push(head),
            download_package_response::Part::Chunk(chunk) => got.extend_from_slice(&chunk),
            download_package_response::Part::Summary(last) => summary = Some(last),
        }
    }
    assert!(got == package.bytes);
    assert_eq!(heads.len(), 1);
    assert_eq!((heads[0].signed, heads[0].size, heads[0].identity.clone()), (true, package.bytes.len() as u64, named("Bar.A", "1.0.0")));
    let summary = summary.unwrap();
    assert_eq!((summary.sha256, summary.size), (sha256(&package.bytes).to_hex(), package.bytes.len() as u64));
    let etag = feed.get("/v3/package/bar.a/1.0.0/bar.a.1.0.0.nupkg").await.header("etag").to_owned();
    assert_eq!(format!("\"{}\"", heads[0].entity_tag), etag);
    let stranger = client.download_package(DownloadPackageRequest { identity: named("no.such", "1.0.0") }).await.unwrap_err();
    assert_eq!(code_of(&stranger), (Code::NotFound, "package_not_found".into()));
    let nameless = client.download_package(DownloadPackageRequest { identity: None }).await.unwrap_err();
    assert_eq!(code_of(&nameless), (Code::InvalidArgument, "request_malformed".into()));
}

#[tokio::test]
async fn a_package_that_the_feed_has_is_signed_by_name() {
    let feed = Feed::start(config()).await;
    let package = feed.add_signed("Bar.A", "1.0.0", b"bytes of a package").await;
    let existing = sign_package_header::Source::Existing(named("Bar.A", "1.0.0").unwrap());
    let (result, bytes, summary) = signed(&feed, vec![header(existing)]).await.unwrap();
    assert!(result.signed);
    assert_eq!((bytes, summary.sha256), (package.bytes.clone(), sha256(&package.bytes).to_hex()));
}

#[tokio::test]
async fn sign_package_is_a_push_that_answers_with_the_signed_package() {
    let Some(shared) = testkit::shared() else { return };
    let feed = Arc::new(Feed::start(config()).await);
    let pack = |size: &str| pack(&shared, size);
    let package = pack("8000");
    let asked = tokio::spawn({
        let (feed, messages) = (Arc::clone(&feed), upload(&package));
        async move { signed(&feed, messages).await }
    });
    let identity = crate::feed::identity("Bar.A", "1.0.0");
    raised(&feed, &identity).await;
    let job = feed.view(&identity).await.job.id;
    let by_worker = feed.sign(job, &package).await;
    let (result, bytes, summary) = asked.await.unwrap().unwrap();
    assert!(bytes == by_worker.bytes);
    assert_eq!((result.signed, result.identity, summary.size), (true, named("Bar.A", "1.0.0"), bytes.len() as u64));
    // The same bytes again are the same; other bytes are refused.
    assert!(signed(&feed, upload(&package)).await.unwrap().1 == by_worker.bytes);
    let taken = signed(&feed, upload(&pack("9000"))).await.unwrap_err();
    assert_eq!(code_of(&taken), (Code::AlreadyExists, "identity_taken".into()));
    let junk = signed(&feed, upload(&b"junk".repeat(500))).await.unwrap_err();
    assert_eq!(code_of(&junk).0, Code::InvalidArgument);
    let twice = vec![header(sign_package_header::Source::Upload(Upload {})), header(sign_package_header::Source::Upload(Upload {}))];
    assert_eq!(code_of(&signed(&feed, twice).await.unwrap_err()), (Code::InvalidArgument, "request_malformed".into()));
}

/// A package that NuGet's own code has packed.
fn pack(shared: &std::path::Path, size: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.nupkg");
    let words = ["pack", "--id", "Bar.A", "--version", "1.0.0", "--size", size, "--out", file.to_str().unwrap()];
    assert!(std::process::Command::new(shared.join("tools/judge")).args(words).output().unwrap().status.success());
    std::fs::read(&file).unwrap()
}

/// Waits until the push is recorded and the call waits for its signature.
async fn raised(feed: &Feed, identity: &model::PackageIdentity) {
    let limit = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while feed.database.find(identity).await.unwrap().is_none() {
        assert!(tokio::time::Instant::now() < limit, "the push was never recorded");
        tokio::task::yield_now().await;
    }
    feed.until(identity, |v| v.job.lane == Lane::Interactive).await;
}

#[tokio::test]
async fn a_package_that_is_rejected_while_the_call_waits_is_told_why() {
    let Some(shared) = testkit::shared() else { return };
    let feed = Arc::new(Feed::start(config()).await);
    let asked = tokio::spawn({
        let (feed, messages) = (Arc::clone(&feed), upload(&pack(&shared, "8000")));
        async move { signed(&feed, messages).await }
    });
    let identity = crate::feed::identity("Bar.A", "1.0.0");
    raised(&feed, &identity).await;
    let claim = feed.claim(feed.view(&identity).await.job.id).await;
    feed.database.settle_rejected(&claim, &model::Refusal::nu(model::Code::Zip64, 3006, "Zip64 cannot be signed")).await.unwrap();
    let refused = asked.await.unwrap().unwrap_err();
    assert_eq!(code_of(&refused), (Code::InvalidArgument, "zip64".into()));
    assert_eq!(refused.get_details_error_info().unwrap().metadata["nu"], "NU3006");
}

#[tokio::test]
async fn verify_package_says_what_nuget_says() {
    let Some(shared) = testkit::shared() else { return };
    let feed = Feed::start(front::FrontConfig { verify_roots: roots(&shared), ..config() }).await;
    let root = shared.join("corpus/pki/root.pem");
    let made = testkit::packages(&shared.join("corpus/made"));
    let Some(theirs) = testkit::judge(&["verify", "--only-root", "--root", root.to_str().unwrap()], &made) else { return };
    let mut client = SigningServiceClient::new(channel(&feed).await);
    for (file, theirs) in made.iter().zip(theirs) {
        let chunk = |c: &[u8]| VerifyPackageRequest { part: Some(verify_package_request::Part::Chunk(Bytes::copy_from_slice(c))) };
        let source = Some(verify_package_header::Source::Upload(Upload {}));
        let head = VerifyPackageRequest { part: Some(verify_package_request::Part::Header(VerifyPackageHeader { source })) };
        let bytes = std::fs::read(file).unwrap();
        let messages: Vec<_> = [head].into_iter().chain(bytes.chunks(60_000).map(chunk)).collect();
        let ours = client.verify_package(stream::iter(messages)).await.unwrap().into_inner();
        let mut codes: Vec<String> = ours.findings.iter().map(|f| format!("{}:{}", if f.level == 2 { "E" } else { "W" }, f.code)).collect();
        codes.sort();
        codes.dedup();
        assert_eq!((theirs["valid"].as_bool(), theirs["signed"].as_bool()), (Some(ours.valid), Some(ours.signed)), "{}", file.display());
        assert_eq!(theirs["codes"], serde_json::json!(codes), "{}", file.display());
    }
}

/// The corpus' own root, for signing and for time stamps.
fn roots(shared: &std::path::Path) -> Arc<verification::TrustRoots> {
    let mut roots = verification::TrustRoots::default();
    for der in certificates::pem::parse_all(&std::fs::read_to_string(shared.join("corpus/pki/root.pem")).unwrap()) {
        roots.add(certificates::Certificate::parse(der).unwrap());
    }
    Arc::new(roots)
}

#[tokio::test]
async fn an_upload_over_the_limit_is_not_verified() {
    let feed = Feed::start(config()).await;
    let mut client = SigningServiceClient::new(channel(&feed).await);
    let source = Some(verify_package_header::Source::Upload(Upload {}));
    let head = VerifyPackageRequest { part: Some(verify_package_request::Part::Header(VerifyPackageHeader { source })) };
    let chunk = VerifyPackageRequest { part: Some(verify_package_request::Part::Chunk(vec![0; 1 << 20].into())) };
    let messages = [vec![head], vec![chunk; 5]].concat();
    let refused = client.verify_package(stream::iter(messages)).await.unwrap_err();
    assert_eq!(code_of(&refused), (Code::ResourceExhausted, "package_too_large".into()));
    assert_eq!(feed.store.spool().used_bytes(), 0);
}
