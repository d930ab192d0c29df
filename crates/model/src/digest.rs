//! Digests that know their algorithm: SHA-256, SHA-384 and SHA-512, the only ones NuGet's signature format allows.

use base64::Engine as _;
use sha2::Digest as _;
use std::fmt;

/// A hash algorithm that NuGet's signature format allows (spec 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashAlgorithm {
    /// SHA-256, the default everywhere.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512, also that of NuGet's content hash.
    Sha512,
}

impl HashAlgorithm {
    /// All of them, in ascending size.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// Length of a digest in octets.
    pub fn octets(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The object identifier in dotted form, as NuGet's signed content spells it.
    pub fn oid(self) -> &'static str {
        match self {
            Self::Sha256 => "2.16.840.1.101.3.4.2.1",
            Self::Sha384 => "2.16.840.1.101.3.4.2.2",
            Self::Sha512 => "2.16.840.1.101.3.4.2.3",
        }
    }

    /// The content octets of the object identifier's DER (without tag and length).
    pub fn oid_octets(self) -> &'static [u8] {
        match self {
            Self::Sha256 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01],
            Self::Sha384 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02],
            Self::Sha512 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03],
        }
    }

    /// The algorithm whose object identifier has these content octets.
    pub fn from_oid_octets(octets: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.oid_octets() == octets)
    }

    /// NuGet's name: `SHA256`, `SHA384`, `SHA512`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }

    /// Reads NuGet's name, ignoring case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name().eq_ignore_ascii_case(name))
    }

    /// The digest of `data`.
    pub fn digest(self, data: &[u8]) -> Digest {
        let mut hasher = Hasher::new(self);
        hasher.update(data);
        hasher.finish()
    }
}

/// A digest and the algorithm that made it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest {
    algorithm: HashAlgorithm,
    octets: [u8; 64],
}

impl Digest {
    /// `octets` as a digest by `algorithm`; `None` when the length is another.
    pub fn new(algorithm: HashAlgorithm, octets: &[u8]) -> Option<Self> {
        if octets.len() != algorithm.octets() {
            return None;
        }
        let mut all = [0; 64];
        all[..octets.len()].copy_from_slice(octets);
        Some(Self { algorithm, octets: all })
    }

    /// Reads hexadecimal in either case.
    pub fn from_hex(algorithm: HashAlgorithm, text: &str) -> Option<Self> {
        Self::new(algorithm, &hex::decode(text).ok()?)
    }

    /// Which algorithm made it.
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// Its octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets[..self.algorithm.octets()]
    }

    /// Lower-case hexadecimal: rows, blob names.
    pub fn to_hex(&self) -> String {
        hex::encode(self.as_bytes())
    }

    /// Upper-case hexadecimal: certificate fingerprints, which clients match case-sensitively (spec 6.7).
    pub fn to_hex_upper(&self) -> String {
        hex::encode_upper(self.as_bytes())
    }

    /// Standard base64 with padding: NuGet's signed content and content hash.
    pub fn to_base64(&self) -> String {
        base64::engine::general_purpose::STANDARD.encode(self.as_bytes())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.to_hex())
    }
}

/// An incremental hash by one algorithm.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
}

impl Hasher {
    /// Starts an empty hash.
    pub fn new(algorithm: HashAlgorithm) -> Self {
        Self(match algorithm {
            HashAlgorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            HashAlgorithm::Sha384 => State::Sha384(sha2::Sha384::new()),
            HashAlgorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
        })
    }

    /// Feeds `data`.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.0 {
            State::Sha256(h) => h.update(data),
            State::Sha384(h) => h.update(data),
            State::Sha512(h) => h.update(data),
        }
    }

    /// Ends the hash.
    pub fn finish(self) -> Digest {
        let mut octets = [0; 64];
        let algorithm = match self.0 {
            State::Sha256(h) => {
                octets[..32].copy_from_slice(&h.finalize());
                HashAlgorithm::Sha256
            }
            State::Sha384(h) => {
                octets[..48].copy_from_slice(&h.finalize());
                HashAlgorithm::Sha384
            }
            State::Sha512(h) => {
                octets.copy_from_slice(&h.finalize());
                HashAlgorithm::Sha512
            }
        };
        Digest { algorithm, octets }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

/// Digests of one thing by several algorithms; SHA-256 is always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    sha256: Digest,
    sha384: Option<Digest>,
    sha512: Option<Digest>,
}

impl Digests {
    /// Starts from the SHA-256 digest; `None` when `sha256` is by another algorithm.
    pub fn new(sha256: Digest) -> Option<Self> {
        (sha256.algorithm == HashAlgorithm::Sha256).then_some(Self { sha256, sha384: None, sha512: None })
    }

    /// Adds (or replaces) the digest by its algorithm.
    #[must_use]
    pub fn with(mut self, digest: Digest) -> Self {
        match digest.algorithm {
            HashAlgorithm::Sha256 => self.sha256 = digest,
            HashAlgorithm::Sha384 => self.sha384 = Some(digest),
            HashAlgorithm::Sha512 => self.sha512 = Some(digest),
        }
        self
    }

    /// The SHA-256 digest.
    pub fn sha256(&self) -> Digest {
        self.sha256
    }

    /// The digest by `algorithm`, where it was computed.
    pub fn by(&self, algorithm: HashAlgorithm) -> Option<Digest> {
        match algorithm {
            HashAlgorithm::Sha256 => Some(self.sha256),
            HashAlgorithm::Sha384 => self.sha384,
            HashAlgorithm::Sha512 => self.sha512,
        }
    }
}

/// Hashes one stream by several algorithms at once.
#[derive(Debug)]
pub struct MultiHasher(Vec<Hasher>);

impl MultiHasher {
    /// SHA-256 and whatever else is named.
    pub fn new(algorithms: &[HashAlgorithm]) -> Self {
        let mut all = vec![HashAlgorithm::Sha256];
        all.extend(algorithms.iter().copied().filter(|a| *a != HashAlgorithm::Sha256));
        all.dedup();
        Self(all.into_iter().map(Hasher::new).collect())
    }

    /// Feeds `data` to all of them.
    pub fn update(&mut self, data: &[u8]) {
        for hasher in &mut self.0 {
            hasher.update(data);
        }
    }

    /// Ends all of them.
    pub fn finish(self) -> Digests {
        let mut digests: Option<Digests> = None;
        for digest in self.0.into_iter().map(Hasher::finish) {
            digests = match digests {
                None => Digests::new(digest),
                Some(d) => Some(d.with(digest)),
            };
        }
        // `new` puts SHA-256 first, so there is always one.
        digests.unwrap_or_else(|| {
            let empty = Hasher::new(HashAlgorithm::Sha256).finish();
            Digests { sha256: empty, sha384: None, sha512: None }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests_of_abc() {
        let cases = [
            (HashAlgorithm::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (HashAlgorithm::Sha384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"),
        ];
        for (algorithm, hex) in cases {
            assert_eq!(algorithm.digest(b"abc").to_hex(), hex);
            assert_eq!(Digest::from_hex(algorithm, &hex.to_uppercase()).map(|d| d.to_hex()).as_deref(), Some(hex));
        }
    }

    #[test]
    fn many_at_once_are_the_same_as_one_at_a_time() {
        let mut hasher = MultiHasher::new(&HashAlgorithm::ALL);
        hasher.update(b"ab");
        hasher.update(b"c");
        let digests = hasher.finish();
        for algorithm in HashAlgorithm::ALL {
            assert_eq!(digests.by(algorithm), Some(algorithm.digest(b"abc")));
        }
    }

    #[test]
    fn a_digest_of_the_wrong_length_is_none() {
        assert_eq!(Digest::new(HashAlgorithm::Sha384, &[0; 32]), None);
    }
}
