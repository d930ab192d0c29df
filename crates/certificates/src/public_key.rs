//! Public keys of certificates, and the signatures that one certificate's key makes over another.
//!
//! `aws-lc-rs` does the common ones, the `rsa` crate what it leaves out (small or huge keys, MD5, odd PSS salts). DSA, Ed448 and
//! rare curves are read and never verify.

use crate::asn1::{self, BIT_STRING, INTEGER, Malformed, OID, SEQUENCE};
use aws_lc_rs::signature as lc;
use bytes::Bytes;
use sha2::Digest as _;

/// What kind of key a certificate has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// The `RSAPublicKey`, and the length of the modulus.
    Rsa { der: Bytes, bits: usize },
    /// The curve's identifier and the point.
    Ec { curve: Bytes, point: Bytes },
    /// Another algorithm, and the key as it stands.
    Other { algorithm: Bytes, key: Bytes },
    /// Not readable.
    Unreadable,
}

/// The family of key that a signature algorithm belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Rsa,
    Ec,
    Dsa,
    Edwards,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// What a signature algorithm's identifier means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Pkcs1(Hash),
    Pss,
    Ecdsa(Hash),
    /// Known to OpenSSL, not verified here.
    Unsupported(Family),
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo.
    ///
    /// ```text
    /// SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }
    /// ```
    pub(crate) fn parse(file: &Bytes, spki: &[u8]) -> Self {
        Self::read(file, spki).unwrap_or(Self::Unreadable)
    }

    fn read(file: &Bytes, spki: &[u8]) -> Result<Self, Malformed> {
        let mut inside = asn1::only(spki, SEQUENCE)?.inside();
        let mut algorithm = inside.expect(SEQUENCE)?.inside();
        let oid = algorithm.expect(OID)?.content;
        let (key, _) = asn1::bit_string(inside.expect(BIT_STRING)?.content)?;
        match oid {
            RSA_ENCRYPTION | RSASSA_PSS => {
                let mut numbers = asn1::only(key, SEQUENCE)?.inside();
                let modulus = asn1::integer(numbers.expect(INTEGER)?.content)?;
                asn1::integer(numbers.expect(INTEGER)?.content)?;
                numbers.finish()?;
                // .NET counts the bits of the number; a negative one is read as unsigned.
                let significant = modulus.iter().position(|octet| *octet != 0).map_or(&[][..], |first| &modulus[first..]);
                let bits = significant.first().map_or(0, |first| significant.len() * 8 - first.leading_zeros() as usize);
                Ok(Self::Rsa { der: file.slice_ref(key), bits })
            }
            EC_PUBLIC_KEY => {
                let curve = algorithm.any()?;
                Ok(Self::Ec { curve: file.slice_ref(curve.content), point: file.slice_ref(key) })
            }
            other => Ok(Self::Other { algorithm: file.slice_ref(other), key: file.slice_ref(key) }),
        }
    }

    /// Whether a signature by `algorithm` (content octets) can be one of this key at all: OpenSSL's first question about a
    /// possible issuer.
    pub(crate) fn may_have_made(&self, algorithm: &[u8]) -> bool {
        let Some(scheme) = scheme(algorithm) else { return false };
        let family = match scheme {
            Scheme::Pkcs1(_) | Scheme::Pss => Family::Rsa,
            Scheme::Ecdsa(_) => Family::Ec,
            Scheme::Unsupported(family) => family,
        };
        match self {
            Self::Rsa { .. } => family == Family::Rsa,
            Self::Ec { .. } => family == Family::Ec,
            Self::Other { algorithm, .. } => match family {
                Family::Dsa => algorithm.as_ref() == DSA,
                Family::Edwards => EDWARDS.contains(&algorithm.as_ref()),
                Family::Rsa | Family::Ec => false,
            },
            Self::Unreadable => false,
        }
    }

    /// Whether `signature` over `message` is one of this key, by `algorithm` (a whole AlgorithmIdentifier).
    pub(crate) fn verifies(&self, algorithm: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let read = || {
            let mut inside = asn1::only(algorithm, SEQUENCE)?.inside();
            let oid = inside.expect(OID)?.content;
            let parameters = if inside.is_empty() { None } else { Some(inside.any()?.whole) };
            Ok::<_, Malformed>((oid, parameters))
        };
        let Ok((oid, parameters)) = read() else { return false };
        match (self, scheme(oid)) {
            (Self::Rsa { der, bits }, Some(Scheme::Pkcs1(hash))) => pkcs1(der, *bits, hash, message, signature),
            (Self::Rsa { der, bits }, Some(Scheme::Pss)) => parameters.is_some_and(|p| pss(der, *bits, p, message, signature)),
            (Self::Ec { curve, point }, Some(Scheme::Ecdsa(hash))) => {
                ecdsa(curve, hash).is_some_and(|a| lc::UnparsedPublicKey::new(a, point).verify(message, signature).is_ok())
            }
            (Self::Other { algorithm, key }, Some(Scheme::Unsupported(Family::Edwards))) if algorithm == oid && oid == ED25519 => {
                lc::UnparsedPublicKey::new(&lc::ED25519, &key).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}

fn pkcs1(der: &Bytes, bits: usize, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let parameters = match (hash, bits) {
        (Hash::Sha256, 2048..=8192) => &lc::RSA_PKCS1_2048_8192_SHA256,
        (Hash::Sha384, 2048..=8192) => &lc::RSA_PKCS1_2048_8192_SHA384,
        (Hash::Sha512, 2048..=8192) => &lc::RSA_PKCS1_2048_8192_SHA512,
        (Hash::Sha1, 2048..=8192) => &lc::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        _ => return pkcs1_uncommon(der, hash, message, signature),
    };
    lc::UnparsedPublicKey::new(parameters, der).verify(message, signature).is_ok()
}

fn pkcs1_uncommon(der: &Bytes, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    use rsa::Pkcs1v15Sign as Sign;
    let Some(key) = rsa_key(der) else { return false };
    let scheme = match hash {
        Hash::Md5 => Sign::new::<md5::Md5>(),
        Hash::Sha1 => Sign::new::<sha1::Sha1>(),
        Hash::Sha224 => Sign::new::<sha2::Sha224>(),
        Hash::Sha256 => Sign::new::<sha2::Sha256>(),
        Hash::Sha384 => Sign::new::<sha2::Sha384>(),
        Hash::Sha512 => Sign::new::<sha2::Sha512>(),
    };
    key.verify(scheme, &digest(hash, message), signature).is_ok()
}

fn digest(hash: Hash, message: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Md5 => md5::Md5::digest(message).to_vec(),
        Hash::Sha1 => sha1::Sha1::digest(message).to_vec(),
        Hash::Sha224 => sha2::Sha224::digest(message).to_vec(),
        Hash::Sha256 => sha2::Sha256::digest(message).to_vec(),
        Hash::Sha384 => sha2::Sha384::digest(message).to_vec(),
        Hash::Sha512 => sha2::Sha512::digest(message).to_vec(),
    }
}

fn rsa_key(der: &[u8]) -> Option<rsa::RsaPublicKey> {
    let mut numbers = asn1::only(der, SEQUENCE).ok()?.inside();
    let modulus = rsa::BigUint::from_bytes_be(numbers.expect(INTEGER).ok()?.content);
    let exponent = rsa::BigUint::from_bytes_be(numbers.expect(INTEGER).ok()?.content);
    rsa::RsaPublicKey::new_with_max_size(modulus, exponent, 16_384).ok()
}

/// ```text
/// RSASSA-PSS-params ::= SEQUENCE { [0] hash DEFAULT sha1, [1] mask DEFAULT mgf1SHA1, [2] salt INTEGER DEFAULT 20, [3] trailer DEFAULT 1 }
/// ```
fn pss(der: &Bytes, bits: usize, parameters: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let read = || -> Result<(Hash, Hash, usize), Malformed> {
        let mut inside = asn1::only(parameters, SEQUENCE)?.inside();
        let named = |element: asn1::Element<'_>| -> Result<Hash, Malformed> {
            hash_of(element.inside().expect(SEQUENCE)?.inside().expect(OID)?.content).ok_or(Malformed)
        };
        let hash = inside.optional(0xA0)?.map_or(Ok(Hash::Sha1), named)?;
        let mask = match inside.optional(0xA1)? {
            Some(mask) => {
                let mut mask = mask.inside().expect(SEQUENCE)?.inside();
                mask.expect(OID)?;
                hash_of(mask.expect(SEQUENCE)?.inside().expect(OID)?.content).ok_or(Malformed)?
            }
            None => Hash::Sha1,
        };
        let salt = match inside.optional(0xA2)? {
            Some(salt) => match salt.inside().expect(INTEGER)?.content {
                [salt] if *salt < 0x80 => usize::from(*salt),
                [high, low] if *high < 0x80 => usize::from(*high) << 8 | usize::from(*low),
                _ => return Err(Malformed),
            },
            None => 20,
        };
        Ok((hash, mask, salt))
    };
    // Different hashes for message and mask are allowed by the standard and made by nobody.
    let Ok((hash, mask, salt)) = read() else { return false };
    if hash != mask {
        return false;
    }
    let common = match (hash, salt, bits) {
        (Hash::Sha256, 32, 2048..=8192) => Some(&lc::RSA_PSS_2048_8192_SHA256),
        (Hash::Sha384, 48, 2048..=8192) => Some(&lc::RSA_PSS_2048_8192_SHA384),
        (Hash::Sha512, 64, 2048..=8192) => Some(&lc::RSA_PSS_2048_8192_SHA512),
        _ => None,
    };
    if let Some(parameters) = common {
        return lc::UnparsedPublicKey::new(parameters, der).verify(message, signature).is_ok();
    }
    let Some(key) = rsa_key(der) else { return false };
    let scheme = match hash {
        Hash::Md5 => return false,
        Hash::Sha1 => rsa::Pss::new_with_salt::<sha1::Sha1>(salt),
        Hash::Sha224 => rsa::Pss::new_with_salt::<sha2::Sha224>(salt),
        Hash::Sha256 => rsa::Pss::new_with_salt::<sha2::Sha256>(salt),
        Hash::Sha384 => rsa::Pss::new_with_salt::<sha2::Sha384>(salt),
        Hash::Sha512 => rsa::Pss::new_with_salt::<sha2::Sha512>(salt),
    };
    key.verify(scheme, &digest(hash, message), signature).is_ok()
}

fn ecdsa(curve: &[u8], hash: Hash) -> Option<&'static lc::EcdsaVerificationAlgorithm> {
    match (curve, hash) {
        (P256, Hash::Sha256) => Some(&lc::ECDSA_P256_SHA256_ASN1),
        (P256, Hash::Sha384) => Some(&lc::ECDSA_P256_SHA384_ASN1),
        (P384, Hash::Sha256) => Some(&lc::ECDSA_P384_SHA256_ASN1),
        (P384, Hash::Sha384) => Some(&lc::ECDSA_P384_SHA384_ASN1),
        (P521, Hash::Sha256) => Some(&lc::ECDSA_P521_SHA256_ASN1),
        (P521, Hash::Sha384) => Some(&lc::ECDSA_P521_SHA384_ASN1),
        (P521, Hash::Sha512) => Some(&lc::ECDSA_P521_SHA512_ASN1),
        _ => None,
    }
}

fn scheme(algorithm: &[u8]) -> Option<Scheme> {
    Some(match algorithm {
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, last] => match last {
            2 | 3 => Scheme::Unsupported(Family::Rsa),
            4 => Scheme::Pkcs1(Hash::Md5),
            5 => Scheme::Pkcs1(Hash::Sha1),
            10 => Scheme::Pss,
            11 => Scheme::Pkcs1(Hash::Sha256),
            12 => Scheme::Pkcs1(Hash::Sha384),
            13 => Scheme::Pkcs1(Hash::Sha512),
            14 => Scheme::Pkcs1(Hash::Sha224),
            15 | 16 => Scheme::Unsupported(Family::Rsa),
            _ => return None,
        },
        // 1.3.14.3.2.29, an old name of sha1WithRSA.
        [0x2B, 0x0E, 3, 2, 29] => Scheme::Pkcs1(Hash::Sha1),
        [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 1] => Scheme::Ecdsa(Hash::Sha1),
        [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, last] => match last {
            1 => Scheme::Ecdsa(Hash::Sha224),
            2 => Scheme::Ecdsa(Hash::Sha256),
            3 => Scheme::Ecdsa(Hash::Sha384),
            4 => Scheme::Ecdsa(Hash::Sha512),
            _ => return None,
        },
        [0x2A, 0x86, 0x48, 0xCE, 0x38, 4, 3] | [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 1..=4] => Scheme::Unsupported(Family::Dsa),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 13..=16] => Scheme::Unsupported(Family::Rsa),
        [0x2B, 0x65, 0x70 | 0x71] => Scheme::Unsupported(Family::Edwards),
        _ => return None,
    })
}

fn hash_of(oid: &[u8]) -> Option<Hash> {
    Some(match oid {
        [0x2B, 0x0E, 3, 2, 26] => Hash::Sha1,
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1] => Hash::Sha256,
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2] => Hash::Sha384,
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3] => Hash::Sha512,
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4] => Hash::Sha224,
        _ => return None,
    })
}

pub(crate) const RSA_ENCRYPTION: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];
const RSASSA_PSS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10];
const EC_PUBLIC_KEY: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1];
const DSA: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x38, 4, 1];
const ED25519: &[u8] = &[0x2B, 0x65, 0x70];
const EDWARDS: &[&[u8]] = &[ED25519, &[0x2B, 0x65, 0x71]];
const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
const P384: &[u8] = &[0x2B, 0x81, 0x04, 0, 34];
const P521: &[u8] = &[0x2B, 0x81, 0x04, 0, 35];
