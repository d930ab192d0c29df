//! Real signatures with a few octets changed: nothing panics, and NuGet's own code says the same of each.

use super::{described, package_file};
use nuget_signature::check::check_signature;
use nuget_signature::parse::PrimarySignature;
use nuget_signature::reader::Element;
use nuget_signature::timestamp_token;
use proptest::prelude::*;

/// A small repeatable generator of numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// Where the headers of all elements of a signature lie, those inside OCTET STRINGs left out.
fn headers(element: &Element<'_>, out: &mut Vec<usize>) {
    out.extend(element.start..element.content_start);
    if element.is_constructed() {
        for child in element.children().unwrap_or_default() {
            headers(&child, out);
        }
    }
}

/// Changes one to three octets: half of the time in a header, where most of the meaning is.
fn change(p7s: &mut [u8], headers: &[usize], random: &mut Random) {
    for _ in 0..=random.below(3).min(random.below(3)) {
        let at = if random.below(2) == 0 { headers[random.below(headers.len())] } else { random.below(p7s.len()) };
        p7s[at] = match random.below(4) {
            0 => p7s[at] ^ 1 << random.below(8),
            1 => p7s[at].wrapping_add(1),
            2 => [0x00, 0x01, 0x02, 0x04, 0x05, 0x06, 0x0C, 0x16, 0x1F, 0x24, 0x30, 0x31, 0x80, 0x81, 0x84, 0xA0, 0xA1, 0xA4, 0xFF]
                [random.below(19)],
            _ => random.below(256) as u8,
        };
    }
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn flipped_octets_read_as_nuget_reads_them() {
    let Some(shared) = testkit::shared() else { return };
    let Some(mut judge) = testkit::Judge::start(&["verify", "--root", shared.join("corpus/pki/root.pem").to_str().unwrap()]) else {
        return;
    };
    let mut random = Random(number("COUNTERSIGN_TEST_SEED", 20_261_124) as u64);
    let packages: Vec<_> = testkit::packages(&shared.join("corpus/edge"))
        .into_iter()
        .filter(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("zip-")))
        .filter_map(|path| {
            let package = std::fs::read(path).unwrap();
            let p7s = package_file::signature(&package)?;
            PrimarySignature::parse(p7s.clone()).is_ok().then_some((package, p7s))
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let (mut read, mut checked, mut faults) = (0, 0, Vec::new());
    let count = number("COUNTERSIGN_TEST_COUNT", 1_200);
    for i in 0..count {
        let (package, original) = &packages[random.below(packages.len())];
        let mut places = Vec::new();
        headers(&Element::first(original).unwrap(), &mut places);
        let mut p7s = original.clone();
        change(&mut p7s, &places, &mut random);
        let path = folder.path().join(format!("{i}.nupkg"));
        std::fs::write(&path, package_file::with_signature(package, &p7s).unwrap()).unwrap();
        let answer = judge.ask(path.to_str().unwrap());
        let ours = described::ours(&p7s);
        let different = match described::theirs(&answer["signature"]) {
            None => Some(format!("theirs {}", answer)),
            Some(theirs) if theirs != ours => Some(format!("ours   {ours}\n  theirs {theirs} {}", answer["signature"]["message"])),
            Some(_) if ours.get("code").is_some() => None,
            Some(_) => {
                read += 1;
                described::checks(&p7s).zip(described::their_checks(&answer)).and_then(|((primary, counter), theirs)| {
                    checked += 1;
                    let ours = (primary, counter.unwrap_or(true));
                    (ours != theirs).then(|| format!("checks {ours:?}, issues {}", answer["issues"]))
                })
            }
        };
        std::fs::remove_file(&path).unwrap();
        if let Some(different) = different {
            let changed: Vec<_> = (0..p7s.len())
                .filter(|at| p7s[*at] != original[*at])
                .map(|at| format!("{at}: {:02x} -> {:02x}", original[at], p7s[at]))
                .collect();
            if let Some(folder) = std::env::var_os("COUNTERSIGN_TEST_KEEP") {
                std::fs::write(std::path::Path::new(&folder).join(format!("{i}.p7s")), &p7s).unwrap();
            }
            faults.push(format!("{i} {changed:?}\n  {different}"));
        }
    }
    println!("{count} compared, {read} of them readable, {checked} checked");
    assert!(faults.is_empty(), "{} of {count} differ:\n{}", faults.len(), faults.join("\n"));
    assert!(read > count / 10, "only {read} readable");
}

/// Everything that reads, on whatever bytes.
fn read_all(p7s: &[u8]) {
    let _ = timestamp_token::parse(p7s.to_vec());
    let Ok(primary) = PrimarySignature::parse(p7s.to_vec()) else { return };
    let _ = check_signature(primary.signer(), primary.signed_octets(), primary.signer_certificate());
    let _ = (primary.has_repository_countersignature(), primary.primary_timestamp_target(), primary.countersignature_timestamp_target());
    if let Ok(Some(counter)) = primary.repository_countersignature()
        && let Some(certificate) = counter.signer().certificate(primary.certificates())
    {
        let _ = check_signature(counter.signer(), primary.signer().signature_value(), certificate);
    }
    for signer in primary.countersigners().unwrap_or_default().iter().chain([primary.signer()]) {
        for token in signer.timestamps() {
            let _ = timestamp_token::parse(token);
        }
    }
}

#[test]
fn no_change_of_a_real_signature_panics() {
    let Some(shared) = testkit::shared() else { return };
    let mut random = Random(number("COUNTERSIGN_TEST_SEED", 4_711) as u64);
    let signatures: Vec<_> = ["made", "edge", "signed"]
        .iter()
        .flat_map(|part| testkit::packages(&shared.join("corpus").join(part)))
        .filter_map(|path| package_file::signature(&std::fs::read(path).unwrap()))
        .filter(|p7s| Element::first(p7s).is_ok())
        .collect();
    for _ in 0..number("COUNTERSIGN_TEST_COUNT", 3_000) {
        let mut p7s = signatures[random.below(signatures.len())].clone();
        let mut places = Vec::new();
        headers(&Element::first(&p7s).unwrap(), &mut places);
        change(&mut p7s, &places, &mut random);
        if random.below(4) == 0 {
            p7s.truncate(random.below(p7s.len()));
        }
        read_all(&p7s);
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes);
        let _ = model::distinguished_name::render(&bytes);
        let _ = nuget_signature::content::SignatureContent::read(&bytes);
        let _ = timestamp_token::TstInfo::read(&bytes);
        let _ = nuget_signature::certificate::CertificateParts::read(&bytes);
    }
}
