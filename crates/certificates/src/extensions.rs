//! The extensions of a certificate that decide about chains, read as OpenSSL reads them.
//!
//! An extension that cannot be read does not make the certificate unreadable: it makes it *invalid* ([`Extensions::invalid`]),
//! and then OpenSSL takes it for nobody's issuer.

use crate::asn1::{self, BIT_STRING, BOOLEAN, CONSTRUCTED, INTEGER, Malformed, OCTET_STRING, OID, Reader, SEQUENCE};
use crate::name;
use bytes::Bytes;
use std::borrow::Cow;

/// basicConstraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether it may issue certificates.
    pub is_ca: bool,
    /// How many intermediates may stand below it.
    pub path_length: Option<u64>,
}

/// keyUsage: the first nine bits, bit 0 of the extension in the lowest bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// Whether certificates may be signed with the key.
    pub fn certificate_signing(self) -> bool {
        self.0 & (1 << 5) != 0
    }

    /// Whether other things than certificates may be signed with the key.
    pub fn digital_signature(self) -> bool {
        self.0 & 1 != 0
    }
}

/// authorityKeyIdentifier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorityKeyIdentifier {
    /// The issuer's key identifier.
    pub key_identifier: Option<Bytes>,
    /// The canonical name of the issuer's issuer.
    pub(crate) issuer: Option<Vec<u8>>,
    /// The issuer's serial number.
    pub serial: Option<Bytes>,
}

/// The subtrees of nameConstraints that are understood, and whether there are others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct NameConstraints {
    pub(crate) permitted: Vec<Subtree>,
    pub(crate) excluded: Vec<Subtree>,
}

/// One subtree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subtree {
    /// A directory name, in canonical form.
    Directory(Vec<u8>),
    /// An e-mail address, host or domain.
    Email(Vec<u8>),
    /// A form that is not evaluated: the tag of its GeneralName.
    Other(u8),
}

/// What a certificate's extensions say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extensions {
    /// Some extension that matters cannot be read, or stands there twice.
    pub invalid: bool,
    /// An extension about policies that .NET cannot read.
    pub(crate) unreadable_policy: bool,
    /// A critical extension that OpenSSL does not handle.
    pub unhandled_critical: bool,
    /// basicConstraints.
    pub basic_constraints: Option<BasicConstraints>,
    /// keyUsage.
    pub key_usage: Option<KeyUsage>,
    /// Content octets of each extended key usage.
    pub extended_key_usage: Option<Vec<Bytes>>,
    /// Content octets of each application policy (Microsoft): where present it stands in for the extended key usage.
    pub(crate) application_policies: Option<Vec<Bytes>>,
    /// subjectKeyIdentifier.
    pub subject_key_identifier: Option<Bytes>,
    /// authorityKeyIdentifier.
    pub authority_key_identifier: Option<AuthorityKeyIdentifier>,
    /// How many certificates further down need an explicit policy (policyConstraints).
    pub(crate) require_explicit_policy: Option<u64>,
    pub(crate) name_constraints: Option<NameConstraints>,
    /// Tags of the GeneralNames in subjectAltName.
    pub(crate) alternative_names: Vec<(u8, Bytes)>,
    /// netscape-cert-type says that it is some kind of CA.
    pub(crate) netscape_ca: bool,
}

impl Extensions {
    /// Reads the `Extensions` SEQUENCE (RFC 5280 4.1). Fails where OpenSSL cannot read the certificate.
    ///
    /// ```text
    /// Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
    /// ```
    pub(crate) fn parse(file: &Bytes, list: &[u8]) -> Result<Self, Malformed> {
        let mut out = Self::default();
        let mut seen: Vec<&[u8]> = Vec::new();
        let mut outer = Reader::new(list);
        let mut extensions = outer.list(SEQUENCE)?.inside();
        outer.finish()?;
        while !extensions.is_empty() {
            let mut extension = extensions.expect(SEQUENCE)?.inside();
            let oid = asn1::oid(extension.expect(OID)?.content)?;
            let critical = match extension.optional(BOOLEAN)? {
                Some(flag) if flag.content.len() == 1 => flag.content[0] != 0,
                Some(_) => return Err(Malformed),
                None => false,
            };
            let value = extension.list(OCTET_STRING | CONSTRUCTED)?;
            extension.finish()?;
            // A value in parts is nothing that anybody issues: it must be readable, and then says nothing.
            let Cow::Borrowed(value) = asn1::string(&value)? else { continue };
            if critical && !HANDLED.contains(&oid) {
                out.unhandled_critical = true;
            }
            if out.read_policy(file, oid, value).is_err() {
                out.unreadable_policy = true;
            }
            if READ.contains(&oid) && seen.contains(&oid) {
                out.invalid = true;
                continue;
            }
            seen.push(oid);
            if out.read(file, oid, value).is_err() {
                out.invalid = true;
            }
        }
        Ok(out)
    }

    fn read(&mut self, file: &Bytes, oid: &[u8], value: &[u8]) -> Result<(), Malformed> {
        match oid {
            BASIC_CONSTRAINTS => self.basic_constraints = Some(basic_constraints(value)?),
            KEY_USAGE => self.key_usage = Some(key_usage(value)?),
            EXTENDED_KEY_USAGE => self.extended_key_usage = Some(oids(file, value)?),
            SUBJECT_KEY_IDENTIFIER => {
                self.subject_key_identifier = Some(file.slice_ref(asn1::first(value, OCTET_STRING)?.content));
            }
            AUTHORITY_KEY_IDENTIFIER => self.authority_key_identifier = Some(authority_key_identifier(file, value)?),
            SUBJECT_ALTERNATIVE_NAME => {
                let mut names = asn1::first(value, SEQUENCE)?.inside();
                while !names.is_empty() {
                    let name = names.any()?;
                    self.alternative_names.push((name.tag, file.slice_ref(name.content)));
                }
            }
            NAME_CONSTRAINTS => self.name_constraints = Some(name_constraints(value)?),
            NETSCAPE_CERT_TYPE => {
                let (bits, _) = asn1::bit_string(asn1::first(value, BIT_STRING)?.content)?;
                self.netscape_ca = bits.first().is_some_and(|b| b & 0x07 != 0);
            }
            _ => {}
        }
        Ok(())
    }

    /// What .NET itself reads for application policies, strictly; what it cannot read ends in an exception once the certificate
    /// stands in a chain.
    fn read_policy(&mut self, file: &Bytes, oid: &[u8], value: &[u8]) -> Result<(), Malformed> {
        match oid {
            EXTENDED_KEY_USAGE => strict_list(value, |inside| asn1::oid(inside.strict(OID)?.content).map(drop))?,
            APPLICATION_POLICIES => self.application_policies = Some(policies(file, value)?),
            CERTIFICATE_POLICIES => drop(policies(file, value)?),
            POLICY_MAPPINGS => strict_list(value, |inside| {
                let mut pair = inside.strict(SEQUENCE)?.inside();
                asn1::oid(pair.strict(OID)?.content)?;
                asn1::oid(pair.strict(OID)?.content)?;
                pair.finish()
            })?,
            POLICY_CONSTRAINTS => self.require_explicit_policy = policy_constraints(value)?,
            INHIBIT_ANY_POLICY => {
                let mut outer = Reader::new(value);
                asn1::integer(outer.strict(INTEGER)?.content)?;
                outer.finish()?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn basic_constraints(value: &[u8]) -> Result<BasicConstraints, Malformed> {
    let mut inside = asn1::first(value, SEQUENCE)?.inside();
    let is_ca = inside.optional(BOOLEAN)?.is_some_and(|flag| flag.content.first().is_some_and(|b| *b != 0));
    let path_length = match inside.optional(INTEGER)? {
        Some(length) => Some(unsigned(asn1::integer(length.content)?)?),
        None => None,
    };
    inside.finish()?;
    Ok(BasicConstraints { is_ca, path_length })
}

fn unsigned(content: &[u8]) -> Result<u64, Malformed> {
    if content[0] & 0x80 != 0 {
        return Err(Malformed);
    }
    Ok(content.iter().fold(0_u64, |n, octet| n.saturating_mul(256).saturating_add(u64::from(*octet))))
}

fn key_usage(value: &[u8]) -> Result<KeyUsage, Malformed> {
    let (bits, _) = asn1::bit_string(asn1::first(value, BIT_STRING)?.content)?;
    let octet = |i: usize| u16::from(bits.get(i).copied().unwrap_or(0).reverse_bits());
    let usage = octet(0) | octet(1) << 8;
    // RFC 5280 4.2.1.3: at least one bit.
    if usage == 0 { Err(Malformed) } else { Ok(KeyUsage(usage)) }
}

fn oids(file: &Bytes, value: &[u8]) -> Result<Vec<Bytes>, Malformed> {
    let mut out = Vec::new();
    let mut inside = asn1::first(value, SEQUENCE)?.inside();
    while !inside.is_empty() {
        out.push(file.slice_ref(asn1::oid(inside.expect(OID)?.content)?));
    }
    Ok(out)
}

/// ```text
/// CertificatePolicies ::= SEQUENCE OF SEQUENCE { policyIdentifier OBJECT IDENTIFIER, policyQualifiers SEQUENCE OF ANY OPTIONAL }
/// ```
fn policies(file: &Bytes, value: &[u8]) -> Result<Vec<Bytes>, Malformed> {
    let mut out = Vec::new();
    strict_list(value, |inside| {
        let mut policy = inside.strict(SEQUENCE)?.inside();
        out.push(file.slice_ref(asn1::oid(policy.strict(OID)?.content)?));
        if !policy.is_empty() {
            let mut qualifiers = policy.strict(SEQUENCE)?.inside();
            while !qualifiers.is_empty() {
                qualifiers.any()?;
            }
        }
        policy.finish()
    })?;
    Ok(out)
}

/// A SEQUENCE that is all of `value`, element by element.
fn strict_list(value: &[u8], mut each: impl FnMut(&mut Reader<'_>) -> Result<(), Malformed>) -> Result<(), Malformed> {
    let mut outer = Reader::new(value);
    let mut inside = outer.strict(SEQUENCE)?.inside();
    outer.finish()?;
    while !inside.is_empty() {
        each(&mut inside)?;
    }
    Ok(())
}

/// ```text
/// AuthorityKeyIdentifier ::= SEQUENCE { [0] KeyIdentifier OPTIONAL, [1] GeneralNames OPTIONAL, [2] INTEGER OPTIONAL }
/// ```
fn authority_key_identifier(file: &Bytes, value: &[u8]) -> Result<AuthorityKeyIdentifier, Malformed> {
    let mut inside = asn1::first(value, SEQUENCE)?.inside();
    let mut out = AuthorityKeyIdentifier::default();
    if let Some(identifier) = inside.optional(0x80)? {
        out.key_identifier = Some(file.slice_ref(identifier.content));
    }
    if let Some(names) = inside.optional(0xA1)? {
        let mut names = names.inside();
        while !names.is_empty() {
            let choice = names.any()?;
            if choice.tag == DIRECTORY_NAME && out.issuer.is_none() {
                out.issuer = Some(name::canonical(choice.content)?);
            }
        }
    }
    if let Some(serial) = inside.optional(0x82)? {
        out.serial = Some(file.slice_ref(asn1::integer(serial.content)?));
    }
    inside.finish()?;
    Ok(out)
}

/// ```text
/// NameConstraints ::= SEQUENCE { permittedSubtrees [0], excludedSubtrees [1] }; GeneralSubtree ::= SEQUENCE { base GeneralName, … }
/// ```
fn name_constraints(value: &[u8]) -> Result<NameConstraints, Malformed> {
    let mut inside = asn1::first(value, SEQUENCE)?.inside();
    let mut subtrees = |tag: u8| -> Result<Vec<Subtree>, Malformed> {
        let mut out = Vec::new();
        let Some(list) = inside.optional(tag)? else { return Ok(out) };
        let mut list = list.inside();
        while !list.is_empty() {
            let base = list.expect(SEQUENCE)?.inside().any()?;
            out.push(match base.tag {
                DIRECTORY_NAME => Subtree::Directory(name::canonical(base.content)?),
                EMAIL_NAME => Subtree::Email(base.content.to_vec()),
                other => Subtree::Other(other),
            });
        }
        Ok(out)
    };
    Ok(NameConstraints { permitted: subtrees(0xA0)?, excluded: subtrees(0xA1)? })
}

/// ```text
/// PolicyConstraints ::= SEQUENCE { requireExplicitPolicy [0] INTEGER OPTIONAL, inhibitPolicyMapping [1] INTEGER OPTIONAL }
/// ```
fn policy_constraints(value: &[u8]) -> Result<Option<u64>, Malformed> {
    let mut outer = Reader::new(value);
    let mut inside = outer.strict(SEQUENCE)?.inside();
    outer.finish()?;
    let explicit = inside.optional(0x80)?.map(|skip| unsigned(asn1::integer(skip.content)?)).transpose()?;
    if let Some(mapping) = inside.optional(0x81)? {
        asn1::integer(mapping.content)?;
    }
    inside.finish()?;
    Ok(explicit)
}

/// GeneralName `[4]`: the Name is tagged explicitly.
pub(crate) const DIRECTORY_NAME: u8 = 0xA4;
/// GeneralName `[1]`.
pub(crate) const EMAIL_NAME: u8 = 0x81;

const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1D, 14];
const KEY_USAGE: &[u8] = &[0x55, 0x1D, 15];
const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1D, 17];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 19];
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 30];
const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1D, 31];
const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1D, 32];
const POLICY_MAPPINGS: &[u8] = &[0x55, 0x1D, 33];
const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1D, 35];
const POLICY_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 36];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1D, 37];
const INHIBIT_ANY_POLICY: &[u8] = &[0x55, 0x1D, 54];
const NETSCAPE_CERT_TYPE: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xF8, 0x42, 0x01, 0x01];
const OCSP_NO_CHECK: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 48, 1, 5];
/// 1.3.6.1.4.1.311.21.10.
const APPLICATION_POLICIES: &[u8] = &[0x2B, 6, 1, 4, 1, 0x82, 0x37, 21, 10];

/// Those that OpenSSL 3.0 handles when they are critical.
const HANDLED: &[&[u8]] = &[
    NETSCAPE_CERT_TYPE,
    KEY_USAGE,
    SUBJECT_ALTERNATIVE_NAME,
    BASIC_CONSTRAINTS,
    CERTIFICATE_POLICIES,
    CRL_DISTRIBUTION_POINTS,
    EXTENDED_KEY_USAGE,
    OCSP_NO_CHECK,
    POLICY_CONSTRAINTS,
    NAME_CONSTRAINTS,
    POLICY_MAPPINGS,
    INHIBIT_ANY_POLICY,
];

/// Those that make a certificate invalid when they stand there twice.
const READ: &[&[u8]] = &[
    NETSCAPE_CERT_TYPE,
    KEY_USAGE,
    SUBJECT_ALTERNATIVE_NAME,
    BASIC_CONSTRAINTS,
    CRL_DISTRIBUTION_POINTS,
    EXTENDED_KEY_USAGE,
    NAME_CONSTRAINTS,
    SUBJECT_KEY_IDENTIFIER,
    AUTHORITY_KEY_IDENTIFIER,
];
