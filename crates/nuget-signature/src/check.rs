//! The signature check of one SignerInfo as .NET's CMS class makes it (spec 4.3): the signature only, no chain. RSA alone; the
//! weak digests that .NET still takes are taken here too, to be refused where the rules refuse them.

use crate::certificate::CertificateParts;
use crate::primitive;
use crate::reader::{Element, Fields};
use crate::signer_info::{AlgorithmIdentifier, DigestAlgorithm, SignerInfo, der_set};
use crate::spec::{self, tag};
use md5::Digest as _;
use model::HashAlgorithm;
use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPublicKey};

/// Why a signature does not verify (NU3012 on a signature, NU3021 on a time stamp).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureCheckError {
    /// The message-digest attributes are not as they must be, or another digest.
    #[error("the message digest does not match")]
    MessageDigest,
    /// An algorithm that is not verified, or parameters that do not fit.
    #[error("the signature algorithm is not supported: {0}")]
    Algorithm(&'static str),
    /// The certificate's key cannot be used.
    #[error("the signer's public key cannot be used: {0}")]
    Key(&'static str),
    /// A signed attribute that .NET cannot encode again.
    #[error("a signed attribute is not DER")]
    Attributes,
    /// The signature value is wrong.
    #[error("the signature value is wrong")]
    Signature,
    /// A countersigner without signed attributes.
    #[error("a countersignature has no signed attributes")]
    NoAttributes,
}

/// Checks `signer`'s signature over `signed_content` (a primary's signed octets; a countersigner's primary signature value) by
/// the key of `certificate`.
pub fn check_signature(signer: &SignerInfo, signed_content: &[u8], certificate: &[u8]) -> Result<(), SignatureCheckError> {
    let hash = Hash::of(signer.digest_algorithm())?;
    let padding = Padding::of(signer, hash)?;
    let key = public_key(certificate)?;
    let digest = hash.digest(signed_content);
    let Some(attributes) = signer.signed_attributes() else {
        if signer.is_countersigner() {
            return Err(SignatureCheckError::NoAttributes);
        }
        return verify(&key, padding, hash, &digest, signer.signature_value());
    };
    check_message_digest(signer, &digest)?;
    if !attributes.values_have_der_headers {
        return Err(SignatureCheckError::Attributes);
    }
    let as_found: Vec<Vec<u8>> = attributes.list.iter().map(|attribute| attribute.to_der(signer.file())).collect();
    let mut sorted = as_found.clone();
    sorted.sort_unstable();
    let attempt = |attributes: &[Vec<u8>]| verify(&key, padding, hash, &hash.digest(&der_set(attributes)), signer.signature_value());
    attempt(&sorted).or_else(|error| if sorted == as_found { Err(error) } else { attempt(&as_found) })
}

/// At least one message-digest attribute; each has one value, an OCTET STRING with the digest.
fn check_message_digest(signer: &SignerInfo, digest: &[u8]) -> Result<(), SignatureCheckError> {
    let mut found = false;
    for values in signer.signed(spec::MESSAGE_DIGEST) {
        let [value] = values.as_slice() else { return Err(SignatureCheckError::MessageDigest) };
        let octets =
            Element::only(value).ok().filter(|element| element.tag & 0xDF == tag::OCTET_STRING).and_then(|element| element.octets().ok());
        if octets.as_deref() != Some(digest) {
            return Err(SignatureCheckError::MessageDigest);
        }
        found = true;
    }
    if found { Ok(()) } else { Err(SignatureCheckError::MessageDigest) }
}

/// A digest that .NET verifies with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha1,
    Sha2(HashAlgorithm),
}

impl Hash {
    /// When it verifies, .NET also takes the identifier of a signature algorithm for that of its digest.
    fn of(algorithm: &DigestAlgorithm) -> Result<Self, SignatureCheckError> {
        match algorithm {
            DigestAlgorithm::Md5 => Ok(Self::Md5),
            DigestAlgorithm::Sha1 => Ok(Self::Sha1),
            DigestAlgorithm::Sha2(algorithm) => Ok(Self::Sha2(*algorithm)),
            DigestAlgorithm::Other(oid) if oid == spec::MD5_WITH_RSA => Ok(Self::Md5),
            DigestAlgorithm::Other(oid) => Self::of_signature(oid).ok_or(SignatureCheckError::Algorithm("unknown digest")),
        }
    }

    /// The digest of `shaN-WithRSA`; .NET does not know MD5 there.
    fn of_signature(oid: &[u8]) -> Option<Self> {
        [
            (spec::SHA1_WITH_RSA, Self::Sha1),
            (spec::SHA256_WITH_RSA, Self::Sha2(HashAlgorithm::Sha256)),
            (spec::SHA384_WITH_RSA, Self::Sha2(HashAlgorithm::Sha384)),
            (spec::SHA512_WITH_RSA, Self::Sha2(HashAlgorithm::Sha512)),
        ]
        .into_iter()
        .find_map(|(known, hash)| (known == oid).then_some(hash))
    }

    fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => md5::Md5::digest(data).to_vec(),
            Self::Sha1 => sha1::Sha1::digest(data).to_vec(),
            Self::Sha2(algorithm) => algorithm.digest(data).as_bytes().to_vec(),
        }
    }

    fn len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha2(algorithm) => algorithm.octets(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Padding {
    Pkcs1,
    Pss,
}

impl Padding {
    fn of(signer: &SignerInfo, hash: Hash) -> Result<Self, SignatureCheckError> {
        let AlgorithmIdentifier { oid, parameters } = signer.signature_algorithm();
        if oid == spec::RSA_PSS {
            let parameters = parameters.as_ref().ok_or(SignatureCheckError::Algorithm("PSS without parameters"))?;
            return match check_pss(parameters, signer.digest_algorithm().oid(), hash) {
                Some(()) => Ok(Self::Pss),
                None => Err(SignatureCheckError::Algorithm("PSS parameters that do not fit")),
            };
        }
        match Hash::of_signature(oid) {
            Some(expected) if expected != hash => return Err(SignatureCheckError::Algorithm("it is for another digest")),
            None if oid != spec::RSA_ENCRYPTION => return Err(SignatureCheckError::Algorithm("not RSA")),
            _ => {}
        }
        const NULL: &[u8] = &[tag::NULL, 0];
        match parameters {
            Some(parameters) if parameters != NULL => Err(SignatureCheckError::Algorithm("parameters where there must be none")),
            _ => Ok(Self::Pkcs1),
        }
    }
}

/// The parameters that .NET takes, in DER: the SignerInfo's digest for hash and mask, a salt of its length, trailer 1.
///
/// ```text
/// RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] AlgorithmIdentifier DEFAULT sha1,
///     maskGenAlgorithm [1] AlgorithmIdentifier DEFAULT mgf1SHA1, saltLength [2] INTEGER DEFAULT 20, trailerField [3] INTEGER DEFAULT 1 }
/// ```
fn check_pss(parameters: &[u8], digest_oid: &[u8], hash: Hash) -> Option<()> {
    fn der<'a>(element: Element<'a>) -> Option<Element<'a>> {
        element.has_der_header().then_some(element)
    }
    fn explicit<'a>(fields: &mut Fields<'a>, number: u8) -> Option<Option<Element<'a>>> {
        let Some(explicit) = fields.optional(tag::constructed(number)) else { return Some(None) };
        let mut inner = Fields::of(&der(explicit)?).ok()?;
        let value = der(inner.any().ok()?)?;
        inner.finish().ok()?;
        Some(Some(value))
    }
    fn algorithm<'a>(element: Element<'a>) -> Option<(&'a [u8], Option<Element<'a>>)> {
        let mut fields = Fields::of(&element.expect(tag::SEQUENCE).ok()?).ok()?;
        let oid = primitive::oid(der(fields.any().ok()?)?).ok()?;
        let parameters = if fields.peek().is_some() { Some(der(fields.any().ok()?)?) } else { None };
        fields.finish().ok()?;
        Some((oid, parameters))
    }
    let mut fields = Fields::of(&der(Element::only(parameters).ok()?.expect(tag::SEQUENCE).ok()?)?).ok()?;
    let hash_oid = match explicit(&mut fields, 0)? {
        Some(element) => algorithm(element)?.0,
        None => spec::SHA1,
    };
    let mask_oid = match explicit(&mut fields, 1)? {
        Some(element) => {
            let (oid, parameters) = algorithm(element)?;
            if oid != spec::MGF1 {
                return None;
            }
            algorithm(parameters?)?.0
        }
        None => spec::SHA1,
    };
    let number = |element: Option<Element<'_>>, default| {
        element.map_or(Some(default), |element| primitive::int32(primitive::integer(element).ok()?))
    };
    let salt = number(explicit(&mut fields, 2)?, 20)?;
    let trailer = number(explicit(&mut fields, 3)?, 1)?;
    fields.finish().ok()?;
    (hash_oid == digest_oid && mask_oid == digest_oid && usize::try_from(salt) == Ok(hash.len()) && trailer == 1).then_some(())
}

/// The RSA key of a certificate: bounded as OpenSSL bounds it.
fn public_key(certificate: &[u8]) -> Result<RsaPublicKey, SignatureCheckError> {
    /// OpenSSL's limit. A modulus of this size costs some milliseconds.
    const MOST_BITS: usize = 16_384;
    let certificate = CertificateParts::read(certificate).map_err(|_| SignatureCheckError::Key("the certificate cannot be read"))?;
    let (modulus, exponent) = rsa_numbers(certificate.public_key_info).ok_or(SignatureCheckError::Key("it is not an RSA key"))?;
    RsaPublicKey::new_with_max_size(BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent), MOST_BITS)
        .map_err(|_| SignatureCheckError::Key("its numbers are out of bounds"))
}

/// `SubjectPublicKeyInfo ::= SEQUENCE { AlgorithmIdentifier, BIT STRING { SEQUENCE { modulus INTEGER, publicExponent INTEGER } } }`
fn rsa_numbers(public_key_info: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut fields = Fields::of(&Element::only(public_key_info).ok()?).ok()?;
    let mut algorithm = Fields::of(&fields.take(tag::SEQUENCE).ok()?).ok()?;
    if primitive::oid(algorithm.any().ok()?).ok()? != spec::RSA_ENCRYPTION {
        return None;
    }
    let bits = fields.take(tag::BIT_STRING).ok()?.content();
    let (0, key) = bits.split_first().map(|(unused, key)| (*unused, key))? else { return None };
    let mut numbers = Fields::of(&Element::only(key).ok()?.expect(tag::SEQUENCE).ok()?).ok()?;
    let modulus = primitive::integer(numbers.any().ok()?).ok()?;
    let exponent = primitive::integer(numbers.any().ok()?).ok()?;
    numbers.finish().ok()?;
    Some((modulus, exponent))
}

fn verify(key: &RsaPublicKey, padding: Padding, hash: Hash, digest: &[u8], signature: &[u8]) -> Result<(), SignatureCheckError> {
    let verified = match padding {
        Padding::Pkcs1 => {
            let scheme = match hash {
                Hash::Md5 => Pkcs1v15Sign::new::<md5::Md5>(),
                Hash::Sha1 => Pkcs1v15Sign::new::<sha1::Sha1>(),
                Hash::Sha2(HashAlgorithm::Sha256) => Pkcs1v15Sign::new::<sha2::Sha256>(),
                Hash::Sha2(HashAlgorithm::Sha384) => Pkcs1v15Sign::new::<sha2::Sha384>(),
                Hash::Sha2(HashAlgorithm::Sha512) => Pkcs1v15Sign::new::<sha2::Sha512>(),
            };
            key.verify(scheme, digest, signature)
        }
        Padding::Pss => {
            let scheme = match hash {
                Hash::Md5 => Pss::new_with_salt::<md5::Md5>(hash.len()),
                Hash::Sha1 => Pss::new_with_salt::<sha1::Sha1>(hash.len()),
                Hash::Sha2(HashAlgorithm::Sha256) => Pss::new_with_salt::<sha2::Sha256>(hash.len()),
                Hash::Sha2(HashAlgorithm::Sha384) => Pss::new_with_salt::<sha2::Sha384>(hash.len()),
                Hash::Sha2(HashAlgorithm::Sha512) => Pss::new_with_salt::<sha2::Sha512>(hash.len()),
            };
            key.verify(scheme, digest, signature)
        }
    };
    verified.map_err(|_| SignatureCheckError::Signature)
}
