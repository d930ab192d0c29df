//! The signature of a served package taken apart without our own code: enough DER to hand its parts to OpenSSL.

use std::io::Read as _;
use std::path::Path;
use std::process::Command;

/// `id-aa-timeStampToken`.
const TOKEN: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0e";

/// The bytes of `.signature.p7s`.
pub fn signature_file(package: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(package)).expect("a served package is an archive");
    let mut out = Vec::new();
    zip.by_name(".signature.p7s").expect("a signature entry").read_to_end(&mut out).expect("its content");
    out
}

/// The primary signature's value, and the time-stamp tokens on it.
pub fn value_and_tokens(p7s: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let message = inside(p7s);
    let signed_data = inside(parts(message)[1].1);
    let signers = parts(signed_data).pop().expect("signer infos").1;
    let signer = parts(signers)[0].1;
    let fields = parts(signer);
    let value = fields.iter().find(|f| f.0[0] == 0x04).expect("a signature value").1.to_vec();
    let mut tokens = Vec::new();
    for (_, attributes) in fields.iter().filter(|f| f.0[0] == 0xA1) {
        for (_, attribute) in parts(attributes) {
            if let Some(values) = attribute.strip_prefix(TOKEN) {
                tokens.extend(parts(inside(values)).iter().map(|p| p.0.to_vec()));
            }
        }
    }
    (value, tokens)
}

/// `openssl WORDS` in `folder`; it must succeed.
#[track_caller]
pub fn openssl(folder: &Path, words: &[&str]) {
    let done = Command::new("openssl").args(words).current_dir(folder).output().expect("openssl starts");
    assert!(done.status.success(), "openssl {words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// The elements one after another: each whole, and its content.
fn parts(mut bytes: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let (head, length) = match usize::from(bytes[1]) {
            short @ 0..=0x7F => (2, short),
            long => {
                let octets = long - 0x80;
                (2 + octets, bytes[2..2 + octets].iter().fold(0, |sum, b| sum << 8 | usize::from(*b)))
            }
        };
        out.push((&bytes[..head + length], &bytes[head..head + length]));
        bytes = &bytes[head + length..];
    }
    out
}

/// The content of the one element that is here.
fn inside(bytes: &[u8]) -> &[u8] {
    parts(bytes)[0].1
}
