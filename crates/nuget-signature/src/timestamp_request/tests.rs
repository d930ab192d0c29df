//! Answers made by hand; those of a real authority are in `tests/it`.

use super::*;
use crate::der_writer::constructed;
use crate::reader;

const NONCE: [u8; 32] = [0x9C; 32];

fn request() -> Request {
    Request::new(b"signature value", HashAlgorithm::Sha256, NONCE)
}

fn imprint(algorithm: HashAlgorithm, data: &[u8]) -> Vec<u8> {
    sequence([sequence([oid(spec::hash_oid(algorithm))]), octet_string(algorithm.digest(data).as_bytes())])
}

fn response(imprint: Vec<u8>, nonce: Option<Vec<u8>>) -> Vec<u8> {
    let mut info = vec![unsigned_integer(&[1]), oid(&[42, 3]), imprint, unsigned_integer(&[7]), element(0x18, b"20261124130509Z")];
    info.push(sequence([unsigned_integer(&[1])]));
    info.extend(nonce);
    let content = sequence([oid(spec::ID_TST_INFO), element(0xA0, &octet_string(&sequence(info)))]);
    let signed_data = sequence([unsigned_integer(&[3]), element(0x31, &[]), content, element(0x31, &[])]);
    let token = sequence([oid(spec::ID_SIGNED_DATA), element(0xA0, &signed_data)]);
    sequence([sequence([unsigned_integer(&[0])]), token])
}

fn good() -> Vec<u8> {
    let nonce = [&[0x1C][..], &NONCE[1..]].concat();
    response(imprint(HashAlgorithm::Sha256, b"signature value"), Some(unsigned_integer(&nonce)))
}

#[test]
fn a_request_has_the_bytes_of_the_specification() {
    let request = request();
    let expected = format!(
        "305b02010130313 00d06096086480165030402010500 0420{} 0220 1c{} 0101ff",
        HashAlgorithm::Sha256.digest(b"signature value").to_hex(),
        "9c".repeat(31)
    )
    .replace(' ', "");
    assert_eq!(hex::encode(request.der()), expected);
}

#[test]
fn a_nonce_is_a_positive_integer_in_its_shortest_form() {
    let nonce_of = |first: [u8; 3]| {
        let mut nonce = [0x11; 32];
        nonce[..3].copy_from_slice(&first);
        Request::new(b"", HashAlgorithm::Sha256, nonce).nonce
    };
    assert_eq!(nonce_of([0xFF, 0xFF, 1])[..2], [0x7F, 0xFF]);
    assert_eq!(nonce_of([0x80, 0xFF, 1])[..3], [0, 0xFF, 1]);
    assert_eq!(nonce_of([0x80, 0x00, 0x05])[..2], [5, 0x11]);
    assert_eq!(Request::new(b"", HashAlgorithm::Sha256, [0; 32]).nonce, [0]);
}

#[test]
fn an_answer_to_the_request_gives_the_token_as_it_came() {
    let response = good();
    let token = read_response(&response, &request()).unwrap();
    assert!(response.ends_with(&token));
    assert_eq!(token[0], 0x30);
}

#[test]
fn a_nonce_with_a_needless_zero_is_the_same_integer() {
    let nonce = [&[0, 0x1C][..], &NONCE[1..]].concat();
    let response = response(imprint(HashAlgorithm::Sha256, b"signature value"), Some(element(2, &nonce)));
    assert!(read_response(&response, &request()).is_ok());
}

#[test]
fn every_fault_has_its_own_reason() {
    let status = |status: u8, text: &[u8]| sequence([sequence([unsigned_integer(&[status]), constructed(0x30, [element(12, text)])])]);
    let ours = imprint(HashAlgorithm::Sha256, b"signature value");
    let cases = [
        (vec![0x30, 5, 1], ResponseError::Encoding(reader::Error::Truncated(0))),
        (b"<html>".to_vec(), ResponseError::Encoding(reader::Error::Truncated(0))),
        (vec![0x30, 0], ResponseError::Structure("no status")),
        (status(2, b"bad\x07 request"), ResponseError::Rejected { status: 2, text: "bad request".into() }),
        (sequence([sequence([unsigned_integer(&[0])])]), ResponseError::TokenMissing),
        (response(imprint(HashAlgorithm::Sha256, b"other"), None), ResponseError::Imprint),
        (response(imprint(HashAlgorithm::Sha384, b"signature value"), None), ResponseError::Imprint),
        (response(ours.clone(), None), ResponseError::Nonce("no nonce")),
        (response(ours, Some(unsigned_integer(&[1, 2]))), ResponseError::Nonce("another nonce than was sent")),
    ];
    for (answer, error) in cases {
        assert_eq!(read_response(&answer, &request()).unwrap_err(), error);
    }
}

#[test]
fn faults_carry_nugets_numbers() {
    let numbers = [ResponseError::Imprint, ResponseError::Nonce(""), ResponseError::TokenMissing].map(|error| error.nu());
    assert_eq!(numbers, [Some(NuCode(3019)), Some(NuCode(3026)), None]);
}
