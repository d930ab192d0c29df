//! Cutting out: ours leaves exactly what was pushed, a foreign one leaves the author's signature as it was.

use crate::bench::{NOW, Package, Signer, packages, terms, tidy_packages};
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
        for package in tidy_packages(&shared, &["made", "real", "signed", "edge"]) {
            let Some(signature) = package.p7s.clone().and_then(|p7s| nuget_signature::parse::PrimarySignature::parse(p7s).ok()) else {
                continue;
            };
            let Ok(arrival) = Arrival::of(Some(&signature)) else { continue };
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

#[tokio::test]
async fn the_steps_at_once_give_what_the_steps_one_by_one_give() {
    let Some(shared) = shared() else { return };
    let signer = Signer::of(&shared, "repository", HashAlgorithm::Sha384);
    for file in ["plain", "author"] {
        let package = Package::read(&shared.join(format!("corpus/made/{file}.nupkg")));
        let draft = package.draft(&terms(&[]), &signer);
        let finished = draft.complete(None, &package.layout, nupkg::dos_time(NOW), NOW).await.unwrap();
        let step_by_step = package.finish(&terms(&[]), &signer);
        assert_eq!((finished.p7s, finished.splice), (step_by_step.p7s, step_by_step.splice));
    }
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let Some(shared) = shared() else { return };
    let identity = |key: &Signer, name: &str| keys::Identity {
        chain: vec![crate::bench::certificate(&shared, name).der().clone()],
        key: key.key(),
        algorithm: HashAlgorithm::Sha256,
    };
    let signer = Signer::of(&shared, "repository", HashAlgorithm::Sha256);
    assert!(signing::Credential::new(identity(&signer, "repository")).is_ok());
    assert!(matches!(signing::Credential::new(identity(&signer, "repository-other")), Err(Error::KeyMismatch)));
    assert!(matches!(
        signing::Credential::new(keys::Identity { chain: Vec::new(), ..identity(&signer, "root") }),
        Err(Error::Certificate(None))
    ));
}

#[test]
fn certificates_that_nuget_refuses_are_refused_with_its_numbers() {
    let Some(shared) = shared() else { return };
    let roots = [crate::bench::certificate(&shared, "root")];
    for (name, expected) in [
        ("repository", Ok(0)),
        ("repository-no-eku", Ok(0)),
        ("repository-other", Ok(1)),
        ("repository-lifetime", Err(3015)),
        ("repository-future", Err(3017)),
        ("repository-expired", Err(3018)),
        ("repository-tls-eku", Err(3018)),
    ] {
        let answer = Signer::of(&shared, name, HashAlgorithm::Sha256).credential.check_for_signing(NOW, &roots);
        let answer = answer.map(|warnings| warnings.len()).map_err(|refusal| refusal.nu.unwrap().0);
        assert_eq!(answer, expected, "{name}");
    }
    let partial = keys::Identity {
        chain: vec![crate::bench::certificate(&shared, "repository-other").der().clone()],
        key: Signer::of(&shared, "repository-other", HashAlgorithm::Sha256).key(),
        algorithm: HashAlgorithm::Sha256,
    };
    let refusal = signing::Credential::new(partial).unwrap().check_for_signing(NOW, &roots).unwrap_err();
    assert_eq!(refusal.nu, Some(model::NuCode(3018)));
}
