//! Any bytes as a package: every reader, and every edit of what is accepted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{HashAlgorithm, Segment, Splice};
use nupkg::{Layout, Limits, manifest, nuget_view};

fuzz_target!(|bytes: &[u8]| {
    let _ = nuget_view::open(&bytes);
    let _ = nuget_view::signature_bytes(&bytes);
    let _ = nuget_view::content_hash(&bytes);
    let hash = nuget_view::package_hash(&bytes, HashAlgorithm::Sha256);

    let limits = Limits::default();
    let Ok(layout) = Layout::read(&bytes, &limits) else { return };
    let _ = manifest::read(&bytes, &layout, &limits);
    let _ = layout.signature_bytes(&bytes, &limits);
    let strict = layout.check_signable(&bytes, &limits).and_then(|()| layout.check_local_headers(&bytes));
    let edits = [layout.unsigned_form(), layout.sign(b"signature", 0), layout.replace_signature(b"signature")];
    if strict.is_err() {
        return;
    }

    let unsigned = resolve(&edits[0].clone().expect("what is accepted has an unsigned form"), bytes);
    if layout.is_signed() {
        assert_eq!(hash.expect("NuGet hashes what is accepted"), HashAlgorithm::Sha256.digest(&unsigned));
    }
    for splice in edits.into_iter().flatten() {
        let edited = resolve(&splice, bytes);
        let again = Layout::read(&edited, &limits).expect("what is accepted stays readable");
        again.check_signable(&edited, &limits).expect("what is accepted stays so");
        again.check_local_headers(&edited).expect("what is accepted stays so");
        assert!(nuget_view::open(&edited).is_ok());
        assert!(resolve(&again.unsigned_form().expect("it has an unsigned form"), &edited) == unsigned);
    }
});

fn resolve(splice: &Splice, source: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for segment in splice.segments() {
        match segment {
            Segment::Blob { offset, len } => out.extend_from_slice(&source[*offset as usize..(*offset + *len) as usize]),
            Segment::Literal(bytes) => out.extend_from_slice(bytes),
        }
    }
    out
}
