//! The attributes, byte by byte; outside judges look at whole signatures in the tests of `signing`.

use super::*;
use crate::der_writer::{element, oid, sequence, unsigned_integer};
use time::macros::datetime;

const AT: OffsetDateTime = datetime!(2026-11-24 13:05:09.75 UTC);

fn certificate_with(serial: &[u8]) -> Vec<u8> {
    let empty = sequence::<Vec<u8>>([]);
    let name = sequence([element(0x31, &sequence([oid(&[0x55, 4, 3]), element(0x0C, b"A")]))]);
    let parts = [element(2, serial), empty.clone(), name.clone(), empty.clone(), name, empty.clone()];
    sequence([sequence(parts), empty, element(3, &[0])])
}

fn attributes<'a>(certificate: &'a [u8], owners: &'a [String]) -> Attributes<'a> {
    Attributes {
        kind: SignatureKind::Repository,
        signing_time: AT,
        certificate,
        algorithm: HashAlgorithm::Sha256,
        service_index: Some("https://example.test/v3/index.json"),
        owners,
    }
}

fn digest() -> Digest {
    HashAlgorithm::Sha256.digest(b"package")
}

#[test]
fn a_repository_primary_has_these_attributes_and_no_others() {
    let certificate = certificate_with(&[0, 0x9C]);
    let prepared = prepare_primary(digest(), &attributes(&certificate, &["Ann".into(), "bob".into()])).unwrap();
    let set = reader::Element::only(prepared.signed_attributes()).unwrap().expect(0x31).unwrap();
    let found: Vec<String> = set.children().unwrap().iter().map(|attribute| hex::encode(attribute.bytes())).collect();
    let message = HashAlgorithm::Sha256.digest(&content_writer::content(digest())).to_hex();
    let hash = HashAlgorithm::Sha256.digest(&certificate).to_hex();
    let mut expected = vec![
        "301806092a864886f70d010903310b06092a864886f70d010701".to_owned(),
        format!("301c06092a864886f70d010905310f170d{}", hex::encode("261124130509Z")),
        "301c060b2a864886f70d0109100210310d300b060b2a864886f70d0109100602"
            .replace("310d300b060b", "310f300d060b")
            .replacen("301c", "301e", 1),
        format!("302f06092a864886f70d01090431220420{message}"),
        format!("305f060b2a864886f70d010910022f3150304e304c304a300b06096086480165030402010420{hash}301930110000"),
        format!("3034060c2b06010401823754020101013124 1622{}", hex::encode("https://example.test/v3/index.json")).replace(' ', ""),
        format!("301c060c2b0601040182375402010102310c300a0c03{}0c03{}", hex::encode("Ann"), hex::encode("bob")),
    ];
    // IssuerSerial: GeneralNames { [4] { Name { CN=A } } }, INTEGER 00 9C.
    let issuer_serial = "3016 3010a40e300c310a30080603550403 0c0141 0202009c".replace(' ', "");
    expected[4] = format!("305c060b2a864886f70d010910022f314d304b30493047300b06096086480165030402010420{hash}{issuer_serial}");
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_countersignature_has_no_content_type_and_digests_the_signature_value() {
    let certificate = certificate_with(&[5]);
    let value = [7; 256];
    let algorithm = sequence([oid(crate::spec::SHA256)]);
    let sid = sequence([sequence::<Vec<u8>>([]), unsigned_integer(&[1])]);
    let signer = sequence([unsigned_integer(&[1]), sid, algorithm.clone(), algorithm, element(4, &value)]);
    let content = sequence([oid(crate::spec::ID_DATA)]);
    let signed_data = sequence([unsigned_integer(&[1]), element(0x31, &[]), content, element(0x31, &signer)]);
    let author = sequence([oid(crate::spec::ID_SIGNED_DATA), element(0xA0, &signed_data)]);

    let prepared = prepare_countersignature(&author, &attributes(&certificate, &[])).unwrap();
    let text = hex::encode(prepared.signed_attributes());
    assert!(text.contains(&format!("06092a864886f70d01090431220420{}", HashAlgorithm::Sha256.digest(&value).to_hex())));
    assert!(!text.contains("06092a864886f70d010903"), "no content-type");
    assert_eq!(prepared.digest(), HashAlgorithm::Sha256.digest(prepared.signed_attributes()));
    let author_attributes = Attributes { kind: SignatureKind::Author, service_index: None, ..attributes(&certificate, &[]) };
    assert_eq!(prepare_countersignature(&author, &author_attributes), Err(Error::Kind));
}

#[test]
fn what_was_kept_is_prepared_again() {
    let certificate = certificate_with(&[5]);
    let owners = ["ann".to_owned()];
    let first = attributes(&certificate, &owners);
    let kept = prepare_primary(digest(), &first).unwrap();
    let later = Attributes { signing_time: AT + time::Duration::DAY, ..first };
    let subject = Subject::Package(digest());
    assert_eq!(PreparedSignature::from_kept(kept.signed_attributes(), subject, &later), Ok(kept.clone()));
    assert_eq!(kept.signing_time(), Some(datetime!(2026-11-24 13:05:09 UTC)));

    let other_url = Attributes { service_index: Some("https://other.test/v3/index.json"), ..later };
    let other_package = Subject::Package(HashAlgorithm::Sha256.digest(b"another"));
    let other_certificate = certificate_with(&[6]);
    for (subject, attributes) in [
        (subject, other_url),
        (subject, Attributes { owners: &[], ..later }),
        (subject, Attributes { certificate: &other_certificate, ..later }),
        (other_package, later),
    ] {
        assert_eq!(PreparedSignature::from_kept(kept.signed_attributes(), subject, &attributes), Err(Error::KeptDiffers));
    }
    assert_eq!(PreparedSignature::from_kept(&kept.signed_attributes()[1..], subject, &later), Err(Error::KeptDiffers));
}

#[test]
fn signing_times_before_1950_and_after_2049_are_read_back() {
    let certificate = certificate_with(&[5]);
    for at in [datetime!(1949-12-31 23:59:59 UTC), datetime!(1999-02-03 04:05:06 UTC), datetime!(2050-01-01 00:00:00 UTC)] {
        let prepared = prepare_primary(digest(), &Attributes { signing_time: at, ..attributes(&certificate, &[]) }).unwrap();
        assert_eq!(prepared.signing_time(), Some(at));
    }
}

#[test]
fn refuses_what_nuget_would_not_take_back() {
    let good = certificate_with(&[5]);
    let base = attributes(&good, &[]);
    let blank = [" \0".to_owned()];
    let ann = ["ann".to_owned()];
    let author = Attributes { kind: SignatureKind::Author, service_index: None, ..base };
    for (attributes, error) in [
        (Attributes { service_index: None, ..base }, Error::ServiceIndex),
        (Attributes { service_index: Some("http://example.test/"), ..base }, Error::ServiceIndex),
        (Attributes { service_index: Some("https://"), ..base }, Error::ServiceIndex),
        (Attributes { service_index: Some("https://exämple.test/"), ..base }, Error::ServiceIndex),
        (Attributes { service_index: Some(""), ..base }, Error::ServiceIndex),
        (Attributes { owners: &blank, ..base }, Error::Owners),
        (Attributes { owners: &ann, ..author }, Error::Owners),
        (Attributes { service_index: base.service_index, ..author }, Error::ServiceIndex),
        (Attributes { kind: SignatureKind::Unknown, ..base }, Error::Kind),
        (Attributes { algorithm: HashAlgorithm::Sha512, ..base }, Error::Algorithm),
        (Attributes { certificate: &[0x30, 1], ..base }, Error::Certificate(reader::Error::Truncated(0))),
    ] {
        assert_eq!(prepare_primary(digest(), &attributes), Err(error));
    }
    assert!(prepare_primary(digest(), &author).is_ok());
    for serial in [&[][..], &[0x80], &[0, 5], &[0xFF, 1]] {
        let certificate = certificate_with(serial);
        assert_eq!(prepare_primary(digest(), &Attributes { certificate: &certificate, ..base }), Err(Error::Serial), "{serial:02x?}");
    }
}
