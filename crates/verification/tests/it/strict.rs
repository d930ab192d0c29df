//! The strict profile: what a faultless signer makes passes, and is what NuGet takes; one fault, anywhere, does not pass.

use crate::agreement::{Material, now};
use crate::signer::{DOS_TIME, Made, Signer};
use certificates::Certificate;
use model::{Code, HashAlgorithm, Segment, Splice};
use nuget_signature::assemble::faults::{self, Fault};
use nuget_signature::parse::PrimarySignature;
use nupkg::{Layout, Limits, Tail, missing_range};
use std::path::PathBuf;
use testkit::{Tsa, judge, packages};
use verification::{Expected, Proposal, check_arrival, is_ours, publishable};

/// The packages of a folder that we would sign.
fn signable(material: &Material, folder: &str) -> Vec<PathBuf> {
    let limits = Limits::default();
    packages(&material.shared.join("corpus").join(folder))
        .into_iter()
        .filter(|path| {
            let bytes = std::fs::read(path).unwrap();
            Layout::read(&bytes, &limits)
                .and_then(|layout| layout.check_signable(&bytes, &limits).and_then(|()| layout.check_local_headers(&bytes)))
                .is_ok()
        })
        .collect()
}

/// One unsigned package and one author's.
fn samples(material: &Material) -> [PathBuf; 2] {
    ["made/plain.nupkg", "made/author-timestamp.nupkg"].map(|name| material.shared.join("corpus").join(name))
}

#[test]
fn what_a_faultless_signer_makes_is_publishable_and_nuget_takes_it() {
    let Some(material) = Material::read() else { return };
    let tsa = Tsa::start().unwrap();
    let signer = Signer::new(&material, "repository");
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let mut authors: Vec<PathBuf> = packages(&material.shared.join("corpus/made"));
    authors.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with("author"));
    for (index, path) in signable(&material, "unsigned").into_iter().chain(authors).enumerate() {
        for tsa in [None, Some(&tsa)] {
            let made = signer.sign(&path, tsa);
            let verified = signer.publishable(&made).unwrap_or_else(|refusal| panic!("{}: {refusal}", path.display()));
            assert_eq!((verified.splice(), verified.p7s().as_ref()), (&made.splice, made.p7s.as_slice()));
            let file = folder.path().join(format!("{index}-{}.nupkg", tsa.is_some()));
            std::fs::write(&file, made.bytes()).unwrap();
            files.push((file, path.clone()));
        }
    }
    assert!(files.len() > 20);
    let root = material.pki("root.pem");
    let paths: Vec<&PathBuf> = files.iter().map(|(file, _)| file).collect();
    let answers = judge(&["verify", "--root", root.to_str().unwrap()], &paths).unwrap();
    for (answer, (_, source)) in answers.iter().zip(&files) {
        // The corpus' authors under unknown roots stay what they were.
        let untrusted = answer["codes"].as_array().unwrap().iter().any(|code| code == "E:NU3018");
        assert!(answer["valid"] == true || untrusted, "{}: {answer}", source.display());
    }
}

#[test]
fn every_fault_of_the_signature_is_refused() {
    let Some(material) = Material::read() else { return };
    let tsa = Tsa::start().unwrap();
    let signer = Signer::new(&material, "repository");
    let mut refused = 0;
    for path in samples(&material) {
        let good = signer.sign(&path, None);
        for fault in Fault::ALL {
            let stamped = [Fault::TimestampMissing, Fault::TimestampTwice, Fault::TimestampAltered].contains(fault);
            let guard = faults::inject(*fault);
            let made = signer.sign(&path, stamped.then_some(&tsa));
            drop(guard);
            // Without a time stamp the same inputs make the same octets.
            if !stamped && made.p7s == good.p7s {
                continue;
            }
            let refusal = signer.publishable(&made).expect_err(&format!("{fault:?} on {} passed", path.display()));
            println!("{fault:?}: {refusal}");
            refused += 1;
        }
    }
    assert!(refused > 90, "only {refused} faults had a place");
}

#[test]
fn every_octet_of_the_signature_file_counts() {
    let Some(material) = Material::read() else { return };
    let signer = Signer::new(&material, "repository");
    for path in samples(&material) {
        let made = signer.sign(&path, None);
        for place in 0..made.p7s.len() {
            let mut broken = made.clone();
            broken.p7s[place] ^= 1;
            broken.splice = if made.previous.is_some() {
                made.layout.replace_signature(&broken.p7s).unwrap()
            } else {
                made.layout.sign(&broken.p7s, DOS_TIME).unwrap()
            };
            assert!(signer.publishable(&broken).is_err(), "octet {place} of {} can be changed", path.display());
        }
    }
}

/// Each literal segment octet by octet, each segment left out, each range a byte shorter, longer or elsewhere.
#[test]
fn every_segment_of_the_splice_counts() {
    let Some(material) = Material::read() else { return };
    let signer = Signer::new(&material, "repository");
    for path in samples(&material) {
        let made = signer.sign(&path, None);
        let segments = made.splice.segments().to_vec();
        let refused = |segments: Vec<Segment>, what: String| {
            let broken = Made { splice: segments.into_iter().collect::<Splice>(), ..made.clone() };
            if broken.splice != made.splice {
                assert!(signer.publishable(&broken).is_err(), "{what} of {}", path.display());
            }
        };
        for (index, segment) in segments.iter().enumerate() {
            let with = |replacement: Option<Segment>| {
                let mut changed = segments.clone();
                match replacement {
                    Some(replacement) => changed[index] = replacement,
                    None => drop(changed.remove(index)),
                }
                changed
            };
            refused(with(None), format!("segment {index} left out"));
            match segment {
                Segment::Literal(bytes) => {
                    // The signature's own octets have a test of their own; here some stand for all.
                    let step = if bytes.len() > 1000 { 97 } else { 1 };
                    for place in (0..bytes.len()).step_by(step) {
                        let mut changed = bytes.to_vec();
                        changed[place] ^= 0x10;
                        refused(with(Some(Segment::Literal(changed.into()))), format!("octet {place} of segment {index}"));
                    }
                }
                Segment::Blob { offset, len } => {
                    for (offset, len) in [(*offset + 1, *len), (*offset, len - 1), (*offset, len + 1), (u64::MAX, 2)] {
                        refused(with(Some(Segment::Blob { offset, len })), format!("range {index}"));
                    }
                }
            }
        }
        let doubled = [segments.as_slice(), &[Segment::Literal(b"PK".to_vec().into())]].concat();
        refused(doubled, "the end".to_owned());
    }
}

#[test]
fn what_was_not_asked_for_is_refused() {
    let Some(material) = Material::read() else { return };
    let signer = Signer::new(&material, "repository");
    let other = Signer::new(&material, "repository3072");
    for path in samples(&material) {
        let made = signer.sign(&path, None);
        let expected = signer.expected(&made);
        let owners = vec!["acme".to_owned()];
        let shorter = &signer.chain[..1];
        let wrong: Vec<(&str, Expected<'_>)> = vec![
            ("service index", Expected { service_index: "https://countersign.test/v3/index.jsom", ..expected }),
            ("owners", Expected { owners: &owners, ..expected }),
            ("signing time", Expected { signing_time: expected.signing_time + time::Duration::seconds(1), ..expected }),
            ("algorithm", Expected { algorithm: HashAlgorithm::Sha512, ..expected }),
            ("chain", Expected { chain: shorter, ..expected }),
            ("certificate", Expected { chain: &other.chain, ..expected }),
            ("time stamp", Expected { timestamped: true, ..expected }),
        ];
        for (what, expected) in wrong {
            assert!(signer.publishable_as(&made, expected).is_err(), "another {what}");
        }
        if made.previous.is_none() {
            let later = Expected { dos_time: DOS_TIME + 1, ..expected };
            assert_eq!(signer.publishable_as(&made, later).unwrap_err().code, Code::VerificationFailed);
        }
        let mut elsewhere = made.clone();
        elsewhere.unsigned = model::Digests::new(HashAlgorithm::Sha256.digest(b"other")).unwrap();
        assert_eq!(signer.publishable(&elsewhere).is_err(), made.previous.is_none(), "a countersignature is about the author's value");
    }
}

#[test]
fn an_expired_certificate_is_refused_unless_the_stamp_is_inside() {
    let Some(material) = Material::read() else { return };
    let signer = Signer::new(&material, "repository-expired");
    let made = signer.sign(&samples(&material)[0], None);
    let refusal = signer.publishable(&made).unwrap_err();
    assert_eq!((refusal.code, refusal.nu.map(|n| n.0)), (Code::CertificateExpired, Some(3037)));
}

#[test]
fn a_stamp_under_an_unknown_root_is_refused() {
    let Some(material) = Material::read() else { return };
    let tsa = Tsa::start().unwrap();
    let mut signer = Signer::new(&material, "repository");
    let made = signer.sign(&samples(&material)[0], Some(&tsa));
    signer.timestamp_roots = Vec::new();
    let refusal = signer.publishable(&made).unwrap_err();
    assert_eq!((refusal.code, refusal.nu.map(|n| n.0)), (Code::TimestampUntrusted, Some(3028)));
}

#[test]
fn ours_is_what_an_active_certificate_of_ours_made_of_this_very_package() {
    let Some(material) = Material::read() else { return };
    let signer = Signer::new(&material, "repository");
    let fingerprint = Certificate::parse(signer.chain[0].clone()).unwrap().fingerprint(HashAlgorithm::Sha256);
    for path in samples(&material) {
        let made = signer.sign(&path, None);
        let signature = PrimarySignature::parse(made.p7s.clone()).unwrap();
        assert!(is_ours(&signature, &made.unsigned, &[fingerprint], now()));
        assert!(!is_ours(&signature, &made.unsigned, &[], now()));
        let other = model::Digests::new(HashAlgorithm::Sha256.digest(b"other")).unwrap();
        assert!(!is_ours(&signature, &other, &[fingerprint], now()));
        let guard = faults::inject(Fault::SignatureValue);
        let forged = signer.sign(&path, None);
        drop(guard);
        let signature = PrimarySignature::parse(forged.p7s).unwrap();
        assert!(!is_ours(&signature, &made.unsigned, &[fingerprint], now()));
    }
}

/// For every signed package of the corpus: refused on arrival exactly when NuGet finds more wrong with it than roots, expiry,
/// chains and time stamps that it would ignore.
#[test]
fn arrivals_are_refused_for_what_is_broken_and_for_nothing_else() {
    let Some(material) = Material::read() else { return };
    let limits = Limits::default();
    let mut refused = Vec::new();
    for folder in ["made", "real", "signed"] {
        for path in packages(&material.shared.join("corpus").join(folder)) {
            let bytes = std::fs::read(&path).unwrap();
            let layout = Layout::read(&bytes, &limits).unwrap();
            if !layout.is_signed() {
                continue;
            }
            let unsigned = nupkg::digest(&bytes, &layout.unsigned_form().unwrap(), &HashAlgorithm::ALL).unwrap();
            let p7s = layout.signature_bytes(&bytes, &limits).unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let answer = PrimarySignature::parse(p7s).map_err(|e| e.to_refusal()).and_then(|s| check_arrival(&s, &unsigned, now()));
            if let Err(refusal) = answer {
                refused.push(format!("{name}: {refusal}"));
            }
        }
    }
    println!("{refused:#?}");
    assert!(refused.iter().all(|line| line.contains("Invalid")), "{refused:#?}");
}

/// The worker holds kilobytes of a package: what reading its layout and its signature fetched is enough.
#[test]
fn the_tail_of_a_package_is_enough() {
    let Some(material) = Material::read() else { return };
    let signer = Signer::new(&material, "repository");
    for path in samples(&material).into_iter().chain(signable(&material, "unsigned")) {
        let made = signer.sign(&path, None);
        let limits = Limits::default();
        let mut tail = Tail::new(made.source.len() as u64);
        let mut fetched = 0;
        let layout = loop {
            let read = Layout::read(&tail, &limits).and_then(|layout| {
                layout.check_signable(&tail, &limits)?;
                if layout.is_signed() {
                    layout.signature_bytes(&tail, &limits)?;
                }
                Ok(layout)
            });
            match read {
                Ok(layout) => break layout,
                Err(error) => {
                    let range = missing_range(&error).unwrap_or_else(|| panic!("{}: {error}", path.display()));
                    fetched += range.end - range.start;
                    let place = |n: u64| usize::try_from(n).unwrap();
                    tail.insert(range.start, made.source[place(range.start)..place(range.end)].to_vec().into());
                }
            }
        };
        let proposal = Proposal {
            source: &tail,
            layout: &layout,
            splice: &made.splice,
            p7s: &made.p7s,
            unsigned: &made.unsigned,
            expected: signer.expected(&made),
            timestamp_roots: &signer.timestamp_roots,
            now: now(),
        };
        publishable(&proposal).unwrap_or_else(|refusal| panic!("{}: {refusal} ({fetched} bytes fetched)", path.display()));
    }
}
