//! Signatures from anybody: reading, describing the parts, cutting out; nothing panics, and what is cut out leaves a signature.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nuget_signature::parse::PrimarySignature;
use nuget_signature::{check, surgery};

fuzz_target!(|data: &[u8]| {
    if let Ok(signature) = PrimarySignature::parse(data.to_vec()) {
        let _checked = check::check_signature(signature.signer(), signature.signed_octets(), signature.signer_certificate());
        let _countersigned = signature.repository_countersignature();
        for token in signature.signer().timestamps() {
            let _token = nuget_signature::timestamp_token::parse(token);
        }
    }
    if let Ok(Some(cut)) = surgery::remove_repository_countersignatures(data) {
        assert!(cut.len() < data.len());
    }
});
