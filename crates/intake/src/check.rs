//! What a package must be to come in. Everything here blocks and computes.

use model::{Digests, HashAlgorithm, PackageIdentity, Refusal};
use nuget_signature::parse::PrimarySignature;
use nuget_signature::plan::{self, Action, Arrival, UpstreamSignature};
use nupkg::{FileSource, Layout, Limits, manifest};
use std::fs::File;
use time::OffsetDateTime;

/// An archive that may be signed, with a manifest.
#[derive(Debug)]
pub(crate) struct Archive {
    source: FileSource,
    layout: Layout,
    pub(crate) identity: PackageIdentity,
    pub(crate) nuspec: Vec<u8>,
    signature: Option<(PrimarySignature, Arrival)>,
}

/// The rest of what is recorded about a package.
#[derive(Debug)]
pub(crate) struct Checked {
    /// Digests of the unsigned form.
    pub(crate) unsigned: Digests,
    /// What signature it came with.
    pub(crate) arrival: Arrival,
}

/// What an arrival's signature is held against.
#[derive(Debug)]
pub(crate) struct Policy<'a> {
    pub(crate) upstream: UpstreamSignature,
    /// SHA-256 fingerprints of our active certificates.
    pub(crate) active: &'a [model::Digest],
    /// The algorithm that we sign with.
    pub(crate) algorithm: HashAlgorithm,
    pub(crate) now: OffsetDateTime,
}

impl Archive {
    /// Reads the archive and refuses whatever could not be signed (spec 1.9, 1.11; architecture 5).
    pub(crate) fn open(file: File, limits: &Limits) -> Result<Self, Refusal> {
        let refused = |e: nupkg::Error| e.to_refusal();
        let source = FileSource::new(file).map_err(|e| unreadable(&e))?;
        let layout = Layout::read(&source, limits).map_err(refused)?;
        if let Err(error) = layout.check_signable(&source, limits).and_then(|()| layout.check_local_headers(&source)) {
            // NuGet looks at the signature's entry before it looks at anything that only we are strict about.
            let entry = if layout.is_signed() { layout.signature_bytes(&source, limits).err() } else { None };
            return Err(refused(entry.filter(|entry| error.nu().is_none() && entry.nu().is_some()).unwrap_or(error)));
        }
        let manifest = manifest::read(&source, &layout, limits).map_err(refused)?;
        let signature = if layout.is_signed() {
            let p7s = layout.signature_bytes(&source, limits).map_err(refused)?;
            let signature = PrimarySignature::parse(p7s).map_err(|e| e.to_refusal())?;
            let arrival = Arrival::of(Some(&signature)).map_err(|e| e.to_refusal())?;
            Some((signature, arrival))
        } else {
            None
        };
        Ok(Self { source, layout, identity: manifest.identity, nuspec: manifest.raw, signature })
    }

    /// Whether a repository's signature is there, which may be ours.
    pub(crate) fn has_repository_signature(&self) -> bool {
        matches!(self.signature, Some((_, Arrival::Repository | Arrival::AuthorCountersigned)))
    }

    /// Checks the signature, when there is one, against the package and against policy. An unsigned package is its own unsigned form:
    /// `received` holds those digests already; of a signed one the spooled file is read once more.
    pub(crate) fn check(self, received: &Digests, policy: &Policy<'_>) -> Result<Checked, Refusal> {
        let Some((signature, arrival)) = self.signature else {
            return Ok(Checked { unsigned: *received, arrival: Arrival::Unsigned });
        };
        let unsigned_form = self.layout.unsigned_form().map_err(|e| e.to_refusal())?;
        let algorithms = [signature.content().algorithm, policy.algorithm];
        let unsigned = nupkg::digest(&self.source, &unsigned_form, &algorithms).map_err(|e| unreadable(&e))?;
        verification::check_arrival(&signature, &unsigned, policy.now)?;
        let is_ours = !policy.active.is_empty() && verification::is_ours(&signature, &unsigned, policy.active, policy.now);
        match plan::plan(arrival, policy.upstream, is_ours) {
            Action::Refuse(refusal) => Err(refusal),
            Action::SignPrimary | Action::Countersign | Action::ReplacePrimary | Action::ReplaceCountersignature | Action::Keep => {
                Ok(Checked { unsigned, arrival })
            }
        }
    }
}

/// How a row tells what signature a package came with.
pub(crate) fn arrival_word(arrival: Arrival) -> &'static str {
    match arrival {
        Arrival::Unsigned => "unsigned",
        Arrival::Author => "author",
        Arrival::AuthorCountersigned => "author_countersigned",
        Arrival::Repository => "repository",
        Arrival::Unknown => "unknown",
        Arrival::OtherCountersigners => "other_countersigners",
    }
}

/// The spool could not be read back: ours, and worth another push.
fn unreadable(error: &std::io::Error) -> Refusal {
    tracing::error!(%error, "a spooled package cannot be read back");
    Refusal::new(model::Code::StorageUnavailable, "the package store does not answer; try again later")
}
