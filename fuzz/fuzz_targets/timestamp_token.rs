//! Tokens and answers of an authority that nobody has to trust.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::HashAlgorithm;
use nuget_signature::timestamp_request::{Request, read_response};

fuzz_target!(|data: &[u8]| {
    let _token = nuget_signature::timestamp_token::parse(data.to_vec());
    let _answer = read_response(data, &Request::new(b"value", HashAlgorithm::Sha256, [7; 32]));
});
