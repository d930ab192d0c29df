//! Edits of archives of every shape: what a signature covers stays what it was, wherever the signature stands (spec 2.3).

use crate::archive::{Random, resolve};
use crate::craft::{Archive, Entry, archive_of, entry};
use model::HashAlgorithm;
use nupkg::nuget_view::{self, Gate};
use nupkg::{Layout, Limits};

fn layout(bytes: &[u8]) -> Layout {
    let limits = Limits::default();
    let layout = Layout::read(&bytes, &limits).unwrap();
    layout.check_signable(&bytes, &limits).unwrap();
    layout.check_local_headers(&bytes).unwrap();
    layout
}

fn random_entry(random: &mut Random, n: usize) -> Entry {
    let data = vec![7; random.below(50)];
    let mut entry = entry(&format!("e{n}"), &data);
    entry.extra = random.pick(&[&[][..], &[9, 9, 0, 0], &[9, 9, 1, 0, 7]]).to_vec();
    entry.local_extra = random.pick(&[&[][..], &[9, 9, 1, 0, 7]]).to_vec();
    if random.below(3) == 0 {
        entry.flags = 8;
        entry.behind = entry.descriptor(random.below(2) == 0);
    }
    entry
}

#[test]
fn a_signature_may_stand_anywhere() {
    let mut random = Random::new(5);
    for round in 0..500 {
        let others: Vec<Entry> = (0..random.below(4)).map(|n| random_entry(&mut random, n)).collect();
        let mut archive = archive_of(others);
        archive.comment = vec![7; random.below(30)];
        archive.directory = Some(random.order(archive.entries.len()));
        let unsigned = archive.build();

        let place = random.below(archive.entries.len() + 1);
        let listed = random.below(archive.entries.len() + 1);
        let signed = sign_at(&archive, place, listed);
        let signed_layout = layout(&signed);
        assert_eq!(nuget_view::open(&signed).unwrap(), Gate::Signed);
        for algorithm in HashAlgorithm::ALL {
            let expected = algorithm.digest(&unsigned);
            assert_eq!(nuget_view::package_hash(&signed, algorithm).unwrap(), expected, "round {round}");
            let ours = nupkg::digest(&signed, &signed_layout.unsigned_form().unwrap(), &[algorithm]).unwrap();
            assert_eq!(ours.by(algorithm), Some(expected), "round {round}");
        }
        assert_eq!(resolve(&signed_layout.unsigned_form().unwrap(), &signed), unsigned, "round {round}");

        // Signed anew it is what the unsigned one signed is; with the signature replaced nothing else has moved.
        let fresh = resolve(&layout(&unsigned).sign(b"another", 5).unwrap(), &unsigned);
        assert_eq!(resolve(&signed_layout.sign(b"another", 5).unwrap(), &signed), fresh, "round {round}");
        let replaced = resolve(&signed_layout.replace_signature(b"signature of another length").unwrap(), &signed);
        assert_eq!(resolve(&layout(&replaced).replace_signature(SIGNATURE).unwrap(), &replaced), signed, "round {round}");
        assert_eq!(resolve(&layout(&replaced).unsigned_form().unwrap(), &replaced), unsigned, "round {round}");
    }
}

const SIGNATURE: &[u8] = b"signature";

/// The archive with a signature as local entry number `place` and directory header number `listed`.
fn sign_at(archive: &Archive, place: usize, listed: usize) -> Vec<u8> {
    let order = archive.directory.clone().unwrap();
    let mut order: Vec<usize> = order.into_iter().map(|index| index + usize::from(index >= place)).collect();
    order.insert(listed, place);
    let mut entries = archive.entries.clone();
    entries.insert(place, entry(".signature.p7s", SIGNATURE).with(|e| e.extra = vec![9, 9, 1, 0, 7]));
    Archive { entries, comment: archive.comment.clone(), directory: Some(order), ..Archive::default() }.build()
}
