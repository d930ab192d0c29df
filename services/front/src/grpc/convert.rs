//! Between `model` and `proto`: the only file that knows both.

use super::parts::Part;
use super::sign::{Given, Message, malformed};
use crate::served::{Served, Unserved};
use crate::status::status;
use model::{NuGetVersion, PackageId, Refusal};
use proto::v1;
use tonic::Status;
use verification::{Level, Verdict};

pub(super) fn identity(identity: Option<v1::PackageIdentity>) -> Result<model::PackageIdentity, Refusal> {
    let identity = identity.ok_or_else(|| malformed("no package is named"))?;
    let parsed =
        PackageId::parse(&identity.id).and_then(|id| Ok(model::PackageIdentity { id, version: NuGetVersion::parse(&identity.version)? }));
    parsed.map_err(|error| malformed(&error.to_string()))
}

pub(super) fn sign_message(request: v1::SignPackageRequest) -> Result<Message, Refusal> {
    use v1::sign_package_header::Source;
    use v1::sign_package_request::Part;
    match request.part {
        Some(Part::Chunk(bytes)) => Ok(Message::Chunk(bytes)),
        Some(Part::Header(header)) => match header.source {
            Some(Source::Upload(v1::Upload {})) => Ok(Message::Header(Given::Upload)),
            Some(Source::Existing(named)) => Ok(Message::Header(Given::Existing(identity(Some(named))?))),
            None => Err(malformed("the header says neither upload nor existing")),
        },
        None => Err(malformed("a message holds neither header nor chunk")),
    }
}

pub(super) fn verify_message(request: v1::VerifyPackageRequest) -> Result<Message, Refusal> {
    use v1::verify_package_header::Source;
    use v1::verify_package_request::Part;
    match request.part {
        Some(Part::Chunk(bytes)) => Ok(Message::Chunk(bytes)),
        Some(Part::Header(header)) => match header.source {
            Some(Source::Upload(v1::Upload {})) => Ok(Message::Header(Given::Upload)),
            Some(Source::Existing(named)) => Ok(Message::Header(Given::Existing(identity(Some(named))?))),
            None => Err(malformed("the header says neither upload nor existing")),
        },
        None => Err(malformed("a message holds neither header nor chunk")),
    }
}

pub(super) fn sign_part(part: Part) -> v1::SignPackageResponse {
    use v1::sign_package_response::Part as Out;
    let part = match part {
        Part::Head(served) => Out::Result(signed_package(*served)),
        Part::Chunk(bytes) => Out::Chunk(bytes),
        Part::Summary(digest, size) => Out::Summary(v1::Summary { sha256: digest.to_hex(), size }),
    };
    v1::SignPackageResponse { part: Some(part) }
}

pub(super) fn download_part(part: Part) -> v1::DownloadPackageResponse {
    use v1::download_package_response::Part as Out;
    let part = match part {
        Part::Head(served) => Out::Package(signed_package(*served)),
        Part::Chunk(bytes) => Out::Chunk(bytes),
        Part::Summary(digest, size) => Out::Summary(v1::Summary { sha256: digest.to_hex(), size }),
    };
    v1::DownloadPackageResponse { part: Some(part) }
}

fn signed_package(served: Served) -> v1::SignedPackage {
    v1::SignedPackage {
        identity: Some(v1::PackageIdentity { id: served.identity.id.as_str().to_owned(), version: served.identity.version.normalized() }),
        signed: served.signed_by.is_some(),
        certificate_fingerprint: served.signed_by.unwrap_or_default(),
        size: served.size,
        entity_tag: served.tag,
        warning: served.warning.map(|w| format!("{}: {w}", w.code)).unwrap_or_default(),
    }
}

pub(super) fn verdict(verdict: Verdict) -> v1::VerifyPackageResponse {
    use v1::finding::Level as Out;
    let finding = |level: Out, code: String, message: String| v1::Finding { level: level.into(), code, message };
    let mut findings: Vec<v1::Finding> = verdict
        .issues
        .into_iter()
        .map(|issue| {
            let level = match issue.level {
                Level::Error => Out::Error,
                Level::Warning => Out::Warning,
            };
            finding(level, issue.code.to_string(), issue.message)
        })
        .collect();
    if let Some(refusal) = verdict.error {
        let code = refusal.nu.map_or_else(|| refusal.code.to_string(), |nu| nu.to_string());
        findings.push(finding(Out::Error, code, refusal.reason));
    }
    v1::VerifyPackageResponse {
        valid: verdict.valid,
        signed: verdict.signed,
        findings,
        content_hash: verdict.content_hash.unwrap_or_default(),
        notes: verdict.notes,
    }
}

pub(super) fn refused(refusal: &Refusal) -> Status {
    unserved(&Unserved::from(refusal.clone()))
}

pub(super) fn unserved(unserved: &Unserved) -> Status {
    status(&unserved.refusal, unserved.retry_after)
}
