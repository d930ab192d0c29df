//! Cutting out: ours leaves exactly what was pushed, a foreign one leaves the author's signature as it was.

use crate::bench::{NOW, Package, Signer, packages, terms};
use model::HashAlgorithm;
use model::signature_kind::SignatureKind;
use nuget_signature::plan::Arrival;
use nuget_signature::prepare;
use signing::{Error, unsign};
use testkit::shared;

#[test]
fn ours_cut_out_leaves_what_was_pushed() {
    let Some(shared) = shared() else { return };
    let mut count = [0; 3];
    for name in ["repository", "repository-other", "author"] {
        let signer = Signer::of(&shared, name, HashAlgorithm::Sha512);
        for package in packages(&shared, &["made", "real", "signed", "edge"].map(|folder| folder)) {
            let Some(signature) = package.p7s.clone().and_then(|p7s| nuget_signature::parse::PrimarySignature::parse(p7s).ok()) else { continue };
            let Ok(arrival) = Arrival::of(Some(&signature)) else { continue };
            if package.layout.check_signable(&package.bytes, &nupkg::Limits::default()).is_err() {
                continue;
            }
            let expected = match arrival {
                Arrival::Author => package.bytes.clone(),
                Arrival::AuthorCountersigned | Arrival::Repository => package.unsigned().bytes,
                _ => continue,
            };
            let restored = package.edited(&package.finish(&terms(&[]), &signer).splice).unsigned();
            assert!(restored.bytes == expected, "{name} on {}", package.path.display());
            count[match arrival {
                Arrival::Author => 0,
                Arrival::AuthorCountersigned => 1,
                _ => 2,
            }] += 1;
        }
    }
    assert!(count.iter().all(|count| *count >= 15), "{count:?}");
}

#[test]
fn a_foreign_countersignature_cut_out_leaves_the_authors_signature_as_it_was() {
    let Some(shared) = shared() else { return };
    let mut count = 0;
    for package in packages(&shared, &["made", "real", "signed"]) {
        let Some(before) = package.signature().filter(|_| package.arrival() == Arrival::AuthorCountersigned) else { continue };
        let cut = package.unsigned();
        let after = cut.signature().unwrap();
        assert_eq!(cut.arrival(), Arrival::Author, "{}", package.path.display());
        assert_eq!(after.content_bytes(), before.content_bytes());
        assert_eq!(after.signer().signature_value(), before.signer().signature_value());
        assert_eq!(after.signer().timestamps(), before.signer().timestamps());
        let signed_part = |signature: &nuget_signature::parse::PrimarySignature| {
            let signer = signature.signer();
            signature.bytes()[signer.signed_attributes().unwrap().range.clone()].to_vec()
        };
        assert_eq!(signed_part(&after), signed_part(&before));
        // What went are certificates of the countersigner's chain; the author's chain is there.
        let chain = {
            let extra: Vec<_> = before.certificates().iter().filter_map(|der| certificates::Certificate::parse(der.clone()).ok()).collect();
            let leaf = certificates::Certificate::parse(before.signer_certificate().clone()).unwrap();
            certificates::chain::build(&leaf, &extra, &[], certificates::Purpose::CodeSigning, NOW)
        };
        for element in chain.elements {
            assert!(after.certificates().contains(element.der()), "{}: {}", package.path.display(), element.subject());
        }
        count += 1;
    }
    assert!(count >= 20, "{count}");
}

#[test]
fn a_repository_primary_cut_out_leaves_the_bytes_it_names() {
    let Some(shared) = shared() else { return };
    let mut count = 0;
    for package in packages(&shared, &["made", "real"]) {
        let Some(signature) = package.signature().filter(|signature| signature.kind() == SignatureKind::Repository) else { continue };
        let unsigned = package.unsigned();
        let content = signature.content();
        assert_eq!(content.algorithm.digest(&unsigned.bytes).to_base64(), content.hash_base64, "{}", package.path.display());
        count += 1;
    }
    assert!(count >= 15, "{count}");
}

#[test]
fn there_is_nothing_to_cut_in_an_authors_package_or_an_unsigned_one() {
    let Some(shared) = shared() else { return };
    let author = Package::read(&shared.join("corpus/made/author.nupkg"));
    assert!(matches!(unsign(&author.layout, author.p7s.as_deref()), Err(Error::NothingToCut)));
    let plain = Package::read(&shared.join("corpus/made/plain.nupkg"));
    let error = unsign(&plain.layout, plain.p7s.as_deref()).unwrap_err();
    assert_eq!(error.nu(), Some(model::NuCode(3000)));
}

#[test]
fn a_kept_signature_value_is_used_again_for_the_same_and_nothing_else() {
    let Some(shared) = shared() else { return };
    let signer = Signer::of(&shared, "repository", HashAlgorithm::Sha256);
    for file in ["plain", "author-timestamp", "author-repository"] {
        let package = Package::read(&shared.join(format!("corpus/made/{file}.nupkg")));
        let first = package.signed(&terms(&[]), &signer);
        let (kept, value) = (first.signed_attributes().to_vec(), first.signature_value().clone());
        let later = signing::Terms { signing_time: NOW + time::Duration::DAY, ..terms(&[]) };
        let digests = nupkg::digest(&package.bytes, &package.layout.unsigned_form().unwrap(), &[]).unwrap();
        let action = nuget_signature::plan::plan(package.arrival(), nuget_signature::plan::UpstreamSignature::ReSign, false);
        let again = |terms: &signing::Terms<'_>| {
            signing::Draft::from_kept(&kept, &action, package.p7s.as_deref(), &digests, terms, &signer.credential)
        };
        let finish = |signed: signing::Signed| signed.unstamped().finish(&package.layout, 0, NOW).unwrap().p7s;
        assert_eq!(finish(again(&later).unwrap().with_value(value)), finish(first));
        let moved = signing::Terms { service_index: Some("https://moved.test/v3/index.json"), ..later };
        assert!(matches!(again(&moved).unwrap_err(), Error::Assembly(prepare::Error::KeptDiffers)));
    }
}
