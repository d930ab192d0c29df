//! Whether the package is the one that was signed (spec 2.2, first provider).

use crate::verdict::{Issue, Level, Outcome, Status};
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use nuget_signature::content::SignatureContent;
use nupkg::{ReadAt, nuget_view};

/// Every fault, of reading too, is one and the same to NuGet: NU3008, an error in every mode.
pub(crate) fn check(source: &dyn ReadAt, content: &SignatureContent) -> Outcome {
    let signed = signed_digest(content);
    let actual = nuget_view::package_hash(source, content.algorithm).ok();
    match (signed, actual) {
        (Some(signed), Some(actual)) if signed == actual.as_bytes() => Outcome { status: Status::Valid, issues: Vec::new() },
        _ => Outcome {
            status: Status::Suspect,
            issues: vec![Issue::new(Level::Error, 3008, "the package has been changed since it was signed")],
        },
    }
}

/// The octets of the signed digest. .NET's decoder skips white space anywhere.
pub(crate) fn signed_digest(content: &SignatureContent) -> Option<Vec<u8>> {
    let text: Vec<u8> = content.hash_base64.bytes().filter(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n')).collect();
    DOTNET.decode(text).ok()
}

/// Padding is required, stray bits in the last character are not minded.
const DOTNET: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireCanonical).with_decode_allow_trailing_bits(true),
);
