//! The verifier is a second opinion: with any one attribute, certificate, length or digest made wrong in assembly, nothing is
//! published.

use crate::bench::{NOW, Package, SERVICE_INDEX, Signer, certificate, terms};
use crate::stamped::Plain;
use model::{HashAlgorithm, Refusal, Segment};
use nuget_signature::assemble::faults::{Fault, inject};
use signing::{Finished, Terms};
use std::path::Path;
use testkit::{Tsa, shared};
use time::Duration;
use verification::{Expected, ExpectedKind, Proposal, VerifiedSplice, publishable};

/// Signs `package` with a stamp for its signature value: as the worker would.
async fn sign(package: &Package, terms: &Terms<'_>, signer: &Signer, authority: &Plain) -> Finished {
    let signed = package.signed(terms, signer);
    signed.stamp(authority, NOW).await.unwrap().finish(&package.layout, nupkg::dos_time(NOW), NOW).unwrap()
}

fn publish(shared: &Path, package: &Package, finished: &Finished, terms: &Terms<'_>, signer: &Signer) -> Result<VerifiedSplice, Refusal> {
    let unsigned = nupkg::digest(&package.bytes, &package.layout.unsigned_form().unwrap(), &HashAlgorithm::ALL).unwrap();
    publishable(&Proposal {
        source: &package.bytes,
        layout: &package.layout,
        splice: &finished.splice,
        p7s: &finished.p7s,
        unsigned: &unsigned,
        expected: Expected {
            kind: if finished.is_countersignature { ExpectedKind::Countersignature } else { ExpectedKind::Primary },
            chain: signer.credential.chain(),
            algorithm: signer.credential.algorithm(),
            service_index: SERVICE_INDEX,
            owners: terms.owners,
            signing_time: finished.signing_time,
            previous: finished.base.as_deref(),
            dos_time: nupkg::dos_time(NOW),
            timestamped: true,
        },
        timestamp_roots: &[certificate(shared, "root")],
        // The authority stamps with the machine's time, which must lie before this.
        now: NOW + Duration::days(3650),
    })
}

// One thread: a fault belongs to the thread that injects it.
#[tokio::test(flavor = "current_thread")]
async fn with_any_fault_in_assembly_nothing_is_published() {
    let Some((shared, tsa)) = shared().zip(Tsa::start()) else { return };
    let signer = Signer::of(&shared, "repository", HashAlgorithm::Sha256);
    let owners = ["ann".to_owned()];
    let terms = terms(&owners);
    let authority = Plain::of(&tsa, &shared);
    let mut made = Vec::new();
    for file in ["plain", "author-timestamp", "repository-other", "author-timestamp-repository-other"] {
        let package = Package::read(&shared.join(format!("corpus/made/{file}.nupkg")));
        let good = sign(&package, &terms, &signer, &authority).await;
        publish(&shared, &package, &good, &terms, &signer).unwrap_or_else(|refusal| panic!("{file}: {refusal}"));
        // RSA gives the same value every time and the authority here the same stamp for it, so a fault that has no place is one
        // that changes no octet.
        for fault in Fault::ALL {
            let broken = {
                let _fault = inject(*fault);
                sign(&package, &terms, &signer, &authority).await
            };
            if broken.p7s == good.p7s {
                continue;
            }
            let verdict = publish(&shared, &package, &broken, &terms, &signer);
            assert!(verdict.is_err(), "{file}: {fault:?} was published");
            made.push(*fault);
        }
    }
    let never: Vec<&Fault> = Fault::ALL.iter().filter(|fault| !made.contains(fault)).collect();
    assert!(never.is_empty(), "{never:?} changed nothing");
}

#[tokio::test(flavor = "current_thread")]
async fn with_any_octet_of_the_new_headers_wrong_nothing_is_published() {
    let Some((shared, tsa)) = shared().zip(Tsa::start()) else { return };
    let signer = Signer::of(&shared, "repository", HashAlgorithm::Sha256);
    let authority = Plain::of(&tsa, &shared);
    for file in ["plain", "author-timestamp", "repository-other"] {
        let package = Package::read(&shared.join(format!("corpus/made/{file}.nupkg")));
        let good = sign(&package, &terms(&[]), &signer, &authority).await;
        let mut count = 0;
        for (place, segment) in good.splice.segments().iter().enumerate() {
            let Segment::Literal(octets) = segment else { continue };
            for at in (0..octets.len()).filter(|_| *octets != good.p7s) {
                let mut wrong = octets.to_vec();
                wrong[at] ^= 1;
                let segments = good.splice.segments().iter().cloned().enumerate();
                let splice = segments.map(|(i, s)| if i == place { Segment::Literal(wrong.clone().into()) } else { s }).collect();
                let broken = Finished { splice, ..good.clone() };
                assert!(publish(&shared, &package, &broken, &terms(&[]), &signer).is_err(), "{file}: segment {place}, octet {at}");
                count += 1;
            }
        }
        assert!(count > 12, "{file}: {count}");
    }
}
