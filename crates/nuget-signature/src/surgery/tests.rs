//! Files made by hand, odd ones among them: countersigning each can be undone. Real files are in `tests/it`.

use super::*;
use crate::der_writer::{constructed, element, octet_string, oid, sequence, unsigned_integer};
use crate::reader::Element;
use crate::spec::{self, ID_DATA, ID_SIGNED_DATA, PROOF_OF_ORIGIN, PROOF_OF_RECEIPT};
use proptest::prelude::*;

fn name(text: &str) -> Vec<u8> {
    sequence([element(0x31, &sequence([oid(&[0x55, 4, 3]), element(0x0C, text.as_bytes())]))])
}

/// Enough of a certificate for whatever links one to another; `serial` makes two for one name differ.
fn certificate(subject: &str, issuer: &str, serial: u8) -> Bytes {
    let empty = sequence::<Vec<u8>>([]);
    let identifier = octet_string(&octet_string(format!("key of {subject}").as_bytes()));
    let extensions = element(0xA3, &sequence([sequence([oid(spec::SUBJECT_KEY_IDENTIFIER), identifier])]));
    let version = element(0xA0, &unsigned_integer(&[2]));
    let parts =
        [version, unsigned_integer(&[serial]), empty.clone(), name(issuer), empty.clone(), name(subject), empty.clone(), extensions];
    sequence([sequence(parts), empty, element(3, &[0])]).into()
}

fn by_key(subject: &str) -> Vec<u8> {
    element(0x80, format!("key of {subject}").as_bytes())
}

fn by_name(issuer: &str, serial: u8) -> Vec<u8> {
    sequence([name(issuer), unsigned_integer(&[serial])])
}

fn signer(sid: Vec<u8>, commitment: &[u8], unsigned: &[Vec<u8>]) -> Vec<u8> {
    let commitment = crate::prepare::attribute(spec::COMMITMENT_TYPE, &sequence([oid(commitment)]));
    let algorithm = sequence([oid(spec::SHA256)]);
    let mut parts = vec![unsigned_integer(&[1]), sid, algorithm.clone(), element(0xA0, &commitment), algorithm, octet_string(&[7; 300])];
    if !unsigned.is_empty() {
        parts.push(constructed(0xA1, unsigned));
    }
    sequence(parts)
}

fn message(certificates: Option<&[Bytes]>, signer: &[u8]) -> Vec<u8> {
    let content = sequence([oid(ID_DATA), element(0xA0, &octet_string(b"content"))]);
    let mut parts = vec![unsigned_integer(&[1]), element(0x31, &[]), content];
    parts.extend(certificates.map(|certificates| constructed(0xA0, certificates)));
    parts.push(element(0x31, signer));
    sequence([oid(ID_SIGNED_DATA), element(0xA0, &sequence(parts))])
}

fn author() -> Vec<u8> {
    signer(by_key("author"), PROOF_OF_ORIGIN, &[])
}

fn repository_chain() -> Vec<Bytes> {
    vec![certificate("repository", "intermediate", 1), certificate("intermediate", "root", 2), certificate("root", "root", 3)]
}

fn repository() -> Vec<u8> {
    signer(by_name("intermediate", 1), PROOF_OF_RECEIPT, &[])
}

fn certificates_of(file: &[u8]) -> Vec<Vec<u8>> {
    Outline::read(file).unwrap().certificate_set().unwrap().bytes()
}

/// Countersigns and takes the countersignature out again; gives the countersigned file.
fn round_trip(file: &[u8], chain: &[Bytes]) -> Vec<u8> {
    let countersigned = attach_countersignature(file, &repository(), chain).unwrap();
    assert!(countersigned.windows(repository().len()).any(|window| window == repository()), "the countersignature is in it");
    let there = certificates_of(&countersigned);
    assert!(chain.iter().all(|certificate| there.contains(&certificate.to_vec())), "its chain is in it");
    assert_eq!(remove_repository_countersignatures(&countersigned).unwrap().as_deref(), Some(file));
    assert_eq!(remove_repository_countersignatures(file).unwrap(), None);
    countersigned
}

fn authors_certificates() -> Vec<Bytes> {
    vec![certificate("author", "authors' root", 9), certificate("authors' root", "authors' root", 8)]
}

#[test]
fn certificates_come_into_a_sorted_set_in_their_places() {
    let mut certificates = authors_certificates();
    certificates.sort();
    let countersigned = certificates_of(&round_trip(&message(Some(&certificates), &author()), &repository_chain()));
    assert_eq!(countersigned.len(), 5);
    assert!(countersigned.is_sorted());
}

#[test]
fn certificates_come_behind_a_set_that_is_not_sorted() {
    let mut certificates = authors_certificates();
    certificates.sort_by(|a, b| b.cmp(a));
    let countersigned = certificates_of(&round_trip(&message(Some(&certificates), &author()), &repository_chain()));
    assert_eq!(countersigned[..2], certificates);
}

#[test]
fn what_is_there_is_not_added_again() {
    let shared_root = vec![certificate("author", "root", 9), certificate("root", "root", 3)];
    let countersigned = certificates_of(&round_trip(&message(Some(&shared_root), &author()), &repository_chain()));
    assert_eq!(countersigned.len(), 4);
}

#[test]
fn a_chain_that_is_there_already_is_restored_too() {
    for certificates in [
        [authors_certificates(), repository_chain()].concat(),
        [authors_certificates(), repository_chain(), repository_chain()].concat(),
        [authors_certificates(), repository_chain()[1..].to_vec()].concat(),
        [repository_chain()[..1].to_vec(), authors_certificates()].concat(),
    ] {
        round_trip(&message(Some(&certificates), &author()), &repository_chain());
    }
}

#[test]
fn a_root_that_the_author_left_out_and_we_brought_goes_again() {
    let file = message(Some(&[certificate("author", "root", 9)]), &author());
    let countersigned = certificates_of(&round_trip(&file, &repository_chain()));
    // Framed: the author's, ours, the two issuers, ours.
    assert_eq!(countersigned.len(), 5);
    assert_eq!(countersigned[1], countersigned[4]);
}

#[test]
fn one_certificate_for_author_and_repository() {
    let chain = repository_chain();
    let author = signer(by_name("intermediate", 1), PROOF_OF_ORIGIN, &[]);
    assert_eq!(certificates_of(&round_trip(&message(Some(&chain), &author), &chain)), chain);
    round_trip(&message(Some(&chain[..1]), &author), &chain);
    round_trip(&message(Some(&[chain.clone(), chain.clone()].concat()), &author), &chain);
}

#[test]
fn a_certificate_with_the_authors_key_never_comes_before_the_authors() {
    let reissued = vec![certificate("author", "a", 1), certificate("a", "a", 2)];
    let certificates = [certificate("author", "root of authors", 9)];
    assert!(reissued[0] < certificates[0], "sorted, ours would come first");
    let countersigner = signer(by_name("a", 1), PROOF_OF_RECEIPT, &[]);
    let countersigned = attach_countersignature(&message(Some(&certificates), &author()), &countersigner, &reissued).unwrap();
    assert_eq!(certificates_of(&countersigned)[0], certificates[0]);
}

#[test]
fn a_file_without_certificates_gets_a_set_and_loses_it_again() {
    round_trip(&message(None, &author()), &repository_chain());
}

#[test]
fn other_unsigned_attributes_stay_in_their_places() {
    let token = crate::prepare::attribute(spec::TIMESTAMP_TOKEN, &octet_string(b"token"));
    let other = crate::prepare::attribute(COUNTERSIGNATURE, &signer(by_name("somebody", 5), &[42, 3], &[]));
    for unsigned in [vec![token.clone()], vec![other.clone()], vec![token.clone(), other.clone()], vec![other, token]] {
        round_trip(&message(Some(&authors_certificates()), &signer(by_key("author"), PROOF_OF_ORIGIN, &unsigned)), &repository_chain());
    }
}

#[test]
fn a_countersignature_beside_another_in_one_attribute_goes_alone() {
    let other = signer(by_name("somebody", 5), &[42, 3], &[]);
    let file = |values: &[Vec<u8>]| {
        let attribute = sequence([oid(COUNTERSIGNATURE), constructed(0x31, values)]);
        message(Some(&authors_certificates()), &signer(by_key("author"), PROOF_OF_ORIGIN, &[attribute]))
    };
    let both = file(&[repository(), other.clone(), repository()]);
    assert_eq!(remove_repository_countersignatures(&both).unwrap(), Some(file(&[other])));
}

#[test]
fn what_others_need_stays_when_a_foreign_countersignature_goes() {
    // As an independent writer orders them: the shared root stands behind the countersigner's certificate.
    let certificates = [
        certificate("author", "root", 9),
        certificate("repository", "intermediate", 1),
        certificate("intermediate", "root", 2),
        certificate("root", "root", 3),
    ];
    let attribute = crate::prepare::attribute(COUNTERSIGNATURE, &repository());
    let file = message(Some(&certificates), &signer(by_key("author"), PROOF_OF_ORIGIN, &[attribute]));
    let cut = remove_repository_countersignatures(&file).unwrap().unwrap();
    assert_eq!(certificates_of(&cut), [certificates[0].clone(), certificates[3].clone()]);
    assert_eq!(cut, message(Some(&[certificates[0].clone(), certificates[3].clone()]), &author()));
}

#[test]
fn bytes_behind_the_message_stay() {
    let mut file = message(Some(&authors_certificates()), &author());
    file.extend_from_slice(b"rest");
    assert!(round_trip(&file, &repository_chain()).ends_with(b"rest"));
}

#[test]
fn refuses_what_has_a_repository_signature() {
    let primary = message(Some(&repository_chain()), &repository());
    assert_eq!(signature_value_to_countersign(&primary), Err(Error::RepositoryPrimary));
    let countersigned = round_trip(&message(Some(&authors_certificates()), &author()), &repository_chain());
    assert_eq!(signature_value_to_countersign(&countersigned), Err(Error::AlreadyCountersigned));
}

#[test]
fn refuses_what_cannot_be_restored() {
    // An empty list of unsigned attributes would come back as none.
    let author = element(0x30, &[Element::only(&author()).unwrap().content(), &[0xA1, 0]].concat());
    let file = message(Some(&authors_certificates()), &author);
    assert_eq!(attach_countersignature(&file, &repository(), &repository_chain()), Err(Error::NotReversible));
}

#[test]
fn a_token_gains_the_certificates_it_lacks_and_keeps_its_other_bytes() {
    let chain = repository_chain();
    let complete = message(Some(&chain), &author());
    assert_eq!(complete_token(&complete, &chain).unwrap(), complete);
    let completed = complete_token(&message(Some(&chain[..1]), &author()), &chain).unwrap();
    let mut all = certificates_of(&completed);
    all.sort();
    let mut expected: Vec<Vec<u8>> = chain.iter().map(|certificate| certificate.to_vec()).collect();
    expected.sort();
    assert_eq!(all, expected);
    assert!(completed.ends_with(&author()));
    assert_eq!(certificates_of(&complete_token(&message(None, &author()), &chain).unwrap()).len(), 3);
}

/// The same element with other, but right, lengths: `style` decides for each constructed element.
fn restyled(element: &Element<'_>, style: &mut impl FnMut() -> u8) -> Vec<u8> {
    if !element.is_constructed() {
        return element.bytes().to_vec();
    }
    let content: Vec<u8> = element.children().unwrap().iter().flat_map(|child| restyled(child, style)).collect();
    match style() {
        1 => [&[element.tag, 0x80][..], &content, &[0, 0]].concat(),
        // Three octets for what needs none is the one style that cannot be mended without a trace.
        octets @ 3..=4 if octets == 4 || content.len() > 255 => {
            let length = content.len().to_be_bytes();
            [&[element.tag, 0x80 | octets][..], &length[8 - usize::from(octets)..], &content].concat()
        }
        _ => crate::der_writer::element(element.tag, &content),
    }
}

proptest! {
    #[test]
    fn any_mix_of_lengths_and_certificates_is_restored(
        styles in proptest::collection::vec(0_u8..5, 40),
        picks in proptest::collection::vec(0_usize..6, 0..8),
        stamped in any::<bool>(),
    ) {
        let pool = [repository_chain(), authors_certificates(), vec![certificate("author", "root", 7)]].concat();
        // The certificates themselves keep their bytes: they are put in after the rest is restyled.
        let certificates: Vec<Bytes> = std::iter::once(pool[3].clone()).chain(picks.into_iter().map(|pick| pool[pick].clone())).collect();
        let unsigned = if stamped { vec![crate::prepare::attribute(spec::TIMESTAMP_TOKEN, &octet_string(&[1; 150]))] } else { vec![] };
        let plain = message(None, &signer(by_key("author"), PROOF_OF_ORIGIN, &unsigned));
        let mut styles = styles.into_iter().cycle();
        let restyled = restyled(&Element::only(&plain).unwrap(), &mut || styles.next().unwrap());
        let outline = Outline::read(&restyled).unwrap();
        let set = outline.certificate_set().unwrap();
        let missing: Vec<&[u8]> = certificates.iter().map(|certificate| &certificate[..]).collect();
        let file = outline.edited(set.additions(&missing, &[])).unwrap();
        round_trip(&file, &repository_chain());
    }
    #[test]
    fn broken_files_are_errors_and_never_panics(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let attribute = crate::prepare::attribute(COUNTERSIGNATURE, &repository());
        let certificates = [authors_certificates(), repository_chain()].concat();
        let mut file = message(Some(&certificates), &signer(by_key("author"), PROOF_OF_ORIGIN, &[attribute]));
        for (place, value) in flips {
            let place = place.index(file.len());
            file[place] ^= value;
        }
        file.truncate(file.len() - cut.index(4));
        let _ = signature_value_to_countersign(&file);
        let _ = complete_token(&file, &repository_chain());
        if let Ok(Some(cut)) = remove_repository_countersignatures(&file)
            && let Ok(countersigned) = attach_countersignature(&cut, &repository(), &repository_chain())
        {
            prop_assert_eq!(remove_repository_countersignatures(&countersigned), Ok(Some(cut)));
        }
    }
}
