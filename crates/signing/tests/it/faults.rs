//! Every fault of the feature `faults` makes one thing different, in a primary or in a countersignature; what verification makes of
//! them is tested where verification is.

use crate::bench::{Package, Signer, terms};
use model::HashAlgorithm;
use nuget_signature::assemble::faults::{Fault, inject};
use testkit::shared;

fn p7s(package: &Package, owners: &[String], signer: &Signer, token: &[u8]) -> Vec<u8> {
    let signed = package.signed(&terms(owners), signer);
    signed.with_token(token.to_vec()).assembled().unwrap()
}

#[test]
fn every_fault_changes_something_and_only_while_it_is_injected() {
    let Some(shared) = shared() else { return };
    let signer = Signer::of(&shared, "repository", HashAlgorithm::Sha256);
    let owners = ["ann".to_owned()];
    let stamped = Package::read(&shared.join("corpus/made/author-timestamp.nupkg"));
    let token = stamped.signature().unwrap().signer().timestamps().remove(0);
    let plain = Package::read(&shared.join("corpus/made/plain.nupkg"));
    let good = [&plain, &stamped].map(|package| p7s(package, &owners, &signer, &token));
    let mut counts = [0; 2];
    for fault in Fault::ALL {
        let changed = {
            let _fault = inject(*fault);
            [(&plain, &good[0]), (&stamped, &good[1])].map(|(package, good)| p7s(package, &owners, &signer, &token) != *good)
        };
        assert!(changed[0] || changed[1], "{fault:?}");
        counts = [counts[0] + usize::from(changed[0]), counts[1] + usize::from(changed[1])];
    }
    assert!(counts[0] > 40 && counts[1] > 40, "{counts:?} of {}", Fault::ALL.len());
    assert_eq!([&plain, &stamped].map(|package| p7s(package, &owners, &signer, &token)), good);
}
