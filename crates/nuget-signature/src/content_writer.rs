//! The signed content of a NuGet signature (spec 3.1), to the byte.

use model::Digest;

/// The content that names `digest`, the digest of the package's unsigned form.
#[must_use]
pub fn content(digest: Digest) -> Vec<u8> {
    format!("Version:1\n\n{}-Hash:{}\n\n", digest.algorithm().oid(), digest.to_base64()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::HashAlgorithm;

    #[test]
    fn has_the_bytes_and_lengths_of_the_specification() {
        let text = String::from_utf8(content(HashAlgorithm::Sha256.digest(b"abc"))).unwrap();
        assert_eq!(text, "Version:1\n\n2.16.840.1.101.3.4.2.1-Hash:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\n\n");
        for (algorithm, length) in [(HashAlgorithm::Sha256, 85), (HashAlgorithm::Sha384, 105), (HashAlgorithm::Sha512, 129)] {
            assert_eq!(content(algorithm.digest(b"")).len(), length);
        }
    }
}
