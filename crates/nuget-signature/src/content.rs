//! The signed content: which digest of which package (spec 3.2).
//!
//! ```text
//! Version:1
//!
//! 2.16.840.1.101.3.4.2.1-Hash:<base64>
//!
//! ```

use crate::error::Error;
use model::HashAlgorithm;

/// The signed content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureContent {
    /// The algorithm of the package digest.
    pub algorithm: HashAlgorithm,
    /// The digest as it stands in the content: base64, perhaps not even that.
    pub hash_base64: String,
}

impl SignatureContent {
    /// Reads the content's octets; what follows the second section is ignored.
    pub fn read(octets: &[u8]) -> Result<Self, Error> {
        let text = String::from_utf8_lossy(octets);
        let mut lines = Lines { left: &text };
        let header = section(&mut lines)?;
        let version = header.iter().find(|(key, _)| *key == "Version").ok_or(Error::Content("it has no version"))?.1;
        if version != "1" {
            return Err(Error::ContentVersion);
        }
        section(&mut lines)?
            .into_iter()
            .find_map(|(key, value)| {
                let oid = key.strip_suffix("-Hash")?;
                let algorithm = HashAlgorithm::ALL.into_iter().find(|algorithm| algorithm.oid() == oid)?;
                Some(Self { algorithm, hash_base64: value.to_owned() })
            })
            .ok_or(Error::Content("it has no package hash of a known algorithm"))
    }
}

/// Lines that end with `\n`, `\r` or `\r\n`, or with the text.
struct Lines<'a> {
    left: &'a str,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.left.is_empty() {
            return None;
        }
        let (line, rest) = self.left.split_at(self.left.find(['\r', '\n']).unwrap_or(self.left.len()));
        self.left = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\r', '\n'])).unwrap_or(rest);
        Some(line)
    }
}

/// A section: lines `key:value` with distinct keys, at least one, ended by an empty line.
fn section<'a>(lines: &mut Lines<'a>) -> Result<Vec<(&'a str, &'a str)>, Error> {
    const MOST_LINES: usize = 1_000;
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for line in lines.by_ref() {
        if line.is_empty() {
            return if pairs.is_empty() { Err(Error::Content("a section is empty")) } else { Ok(pairs) };
        }
        let (key, value) = line.split_once(':').ok_or(Error::Content("a line has no colon"))?;
        let good_key = !key.is_empty() && key.bytes().all(|octet| octet.is_ascii_alphanumeric() || b".-/".contains(&octet));
        if !good_key || value.is_empty() {
            return Err(Error::Content("a line is not a key and a value"));
        }
        if pairs.iter().any(|(other, _)| *other == key) {
            return Err(Error::Content("a key stands twice in a section"));
        }
        if pairs.len() == MOST_LINES {
            return Err(Error::Content("a section is too long"));
        }
        pairs.push((key, value));
    }
    Err(Error::Content("a section does not end with an empty line"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "2.16.840.1.101.3.4.2.1-Hash";

    #[test]
    fn sections_are_read_as_nuget_reads_them() {
        for text in [
            format!("Version:1\n\n{KEY}:abc=\n\n"),
            format!("Version:1\r\n\r\n{KEY}:abc=\r\n\r\n"),
            format!("Version:1\r\r{KEY}:abc=\r\r"),
            format!("Other:x\nVersion:1\nX/y-z.:::\n\nunknown:1\n{KEY}:abc=\n2.16.840.1.101.3.4.2.3-Hash:no\n\n"),
            format!("Version:1\n\n1.3.14.3.2.26-Hash:sha1\n{KEY}:abc=\n\nanything at all"),
        ] {
            let content = SignatureContent { algorithm: HashAlgorithm::Sha256, hash_base64: "abc=".into() };
            assert_eq!(SignatureContent::read(text.as_bytes()), Ok(content), "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_has_its_number() {
        for (text, nu) in [
            (String::new(), 3000),
            ("\n".into(), 3000),
            (format!("Version:2\n\n{KEY}:a\n\n"), 3007),
            (format!("Version:01\n\n{KEY}:a\n\n"), 3007),
            (format!("Version: 1\n\n{KEY}:a\n\n"), 3007),
            ("Version:2\n\n".into(), 3007),
            (format!("version:1\n\n{KEY}:a\n\n"), 3000),
            (format!("Version:1\n\n{KEY}:a\n"), 3000),
            (format!("Version:1\n{KEY}:a\n\n"), 3000),
            (format!("Version:1\n\n\n{KEY}:a\n\n"), 3000),
            ("Version:1\n\n1.3.14.3.2.26-Hash:a\n\n".into(), 3000),
            (format!("Version:1\nVersion:1\n\n{KEY}:a\n\n"), 3000),
            (format!("Version:1\n\n{KEY}:\n\n"), 3000),
            (format!("Version:1\n\n{KEY} :a\n\n"), 3000),
            (format!("Version:1\n\n:a\n{KEY}:a\n\n"), 3000),
            (format!("Version:1\n\nno colon\n{KEY}:a\n\n"), 3000),
            (format!("\u{FEFF}Version:1\n\n{KEY}:a\n\n"), 3000),
        ] {
            assert_eq!(SignatureContent::read(text.as_bytes()).unwrap_err().nu().0, nu, "{text:?}");
        }
    }
}
