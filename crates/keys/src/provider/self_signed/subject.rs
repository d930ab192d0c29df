//! The subject of a self-signed certificate: from one text, or put together from parts.

use crate::{Error, ErrorKind};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519;
use der::Decode as _;
use der::asn1::{Any, Ia5StringRef, PrintableStringRef, SetOfVec, Utf8StringRef};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};

/// What the configuration says about the subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubjectParts {
    /// The complete name; when it is given, nothing else counts.
    pub subject_name: Option<String>,
    /// O.
    pub organization: Option<String>,
    /// OU.
    pub organizational_unit: Option<String>,
    /// C: two letters.
    pub country: Option<String>,
    /// CN, when there is no complete name (`Shield:ServerName`).
    pub server_name: Option<String>,
}

/// CN, when nothing gives one.
pub const DEFAULT_COMMON_NAME: &str = "Countersign";

const EMAIL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");
/// Object identifiers by the keys that .NET knows.
const KEYS: [(&str, ObjectIdentifier); 14] = [
    ("CN", rfc4519::CN),
    ("O", rfc4519::O),
    ("OU", rfc4519::OU),
    ("C", rfc4519::C),
    ("L", rfc4519::L),
    ("S", rfc4519::ST),
    ("ST", rfc4519::ST),
    ("STREET", rfc4519::STREET),
    ("SERIALNUMBER", rfc4519::SERIAL_NUMBER),
    ("T", rfc4519::TITLE),
    ("G", rfc4519::GIVEN_NAME),
    ("SN", rfc4519::SN),
    ("DC", rfc4519::DC),
    ("E", EMAIL),
];

impl SubjectParts {
    /// The distinguished name, in the order that .NET gives it in a certificate: the text's last part first.
    pub(super) fn to_name(&self) -> Result<Name, Error> {
        let given = |part: &Option<String>| part.as_deref().map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned);
        if let Some(complete) = given(&self.subject_name) {
            return parse(&complete);
        }
        let country = given(&self.country);
        if let Some(country) = &country
            && !(country.len() == 2 && country.bytes().all(|b| b.is_ascii_alphabetic()))
        {
            return Err(wrong(format!("the country {country:?} is not a code of two letters")));
        }
        let parts = [
            (rfc4519::CN, Some(given(&self.server_name).unwrap_or_else(|| DEFAULT_COMMON_NAME.to_owned()))),
            (rfc4519::O, given(&self.organization)),
            (rfc4519::OU, given(&self.organizational_unit)),
            (rfc4519::C, country),
        ];
        let parts: Vec<_> = parts.into_iter().filter_map(|(oid, value)| Some(vec![(oid, value?)])).collect();
        build(parts)
    }
}

/// Reads `CN=My Repository Signer, O="Org, Inc.", C=US`: parts by comma or semicolon, several values of one part by plus,
/// values in quotes (doubled inside) or with backslash escapes.
fn parse(text: &str) -> Result<Name, Error> {
    let mut parts: Vec<Vec<(ObjectIdentifier, String)>> = vec![Vec::new()];
    let mut rest = text.chars().peekable();
    loop {
        let mut key = String::new();
        loop {
            match rest.next() {
                Some('=') => break,
                Some(c) => key.push(c),
                None => return Err(wrong(format!("the subject {text:?} has a part without \"=\""))),
            }
        }
        let (value, separator) = read_value(text, &mut rest)?;
        if value.is_empty() {
            return Err(wrong(format!("the subject {text:?} has an empty value for {:?}", key.trim())));
        }
        if let Some(part) = parts.last_mut() {
            part.push((oid_of(key.trim())?, value));
        }
        match separator {
            None => break,
            Some('+') => {}
            Some(_) if rest.clone().all(char::is_whitespace) => break,
            Some(_) => parts.push(Vec::new()),
        }
    }
    build(parts)
}

fn read_value(text: &str, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(String, Option<char>), Error> {
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
    let quoted = rest.next_if_eq(&'"').is_some();
    let mut value = String::new();
    // How much of `value` stays when blanks at its end are dropped: escaped ones stay.
    let mut kept = 0;
    loop {
        match rest.next() {
            Some('"') if quoted => {
                if rest.next_if_eq(&'"').is_some() {
                    value.push('"');
                    continue;
                }
                while rest.next_if(|c| c.is_whitespace()).is_some() {}
                return match rest.next() {
                    separator @ (None | Some(',' | ';' | '+')) => Ok((value, separator)),
                    Some(c) => Err(wrong(format!("the subject {text:?} has {c:?} after a closing quote"))),
                };
            }
            None if quoted => return Err(wrong(format!("the subject {text:?} has a quote that is not closed"))),
            Some('\\') => match rest.next() {
                Some(c) => {
                    value.push(c);
                    kept = value.len();
                }
                None => return Err(wrong(format!("the subject {text:?} ends in a backslash"))),
            },
            separator @ (None | Some(',' | ';' | '+')) if !quoted => {
                let end = kept.max(value.trim_end().len());
                value.truncate(end);
                return Ok((value, separator));
            }
            Some(c) => value.push(c),
            None => {}
        }
    }
}

fn oid_of(key: &str) -> Result<ObjectIdentifier, Error> {
    let known = KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, oid)| *oid);
    let dotted = key.get(..4).filter(|p| p.eq_ignore_ascii_case("OID.")).map_or(key, |_| &key[4..]);
    known
        .or_else(|| ObjectIdentifier::new(dotted).ok())
        .ok_or_else(|| wrong(format!("the subject has a part {key:?} that is not known; use CN, O, OU, C, L, S, E, DC or OID.1.2.3")))
}

fn build(parts: Vec<Vec<(ObjectIdentifier, String)>>) -> Result<Name, Error> {
    let mut rdns = Vec::new();
    for part in parts.into_iter().rev() {
        let mut attributes = SetOfVec::new();
        for (oid, value) in part {
            let value = encode(oid, &value).map_err(|e| wrong(format!("{value:?} cannot stand in a subject")).because(e))?;
            attributes
                .insert(AttributeTypeAndValue { oid, value })
                .map_err(|e| wrong("the subject has one value twice in one part").because(e))?;
        }
        rdns.push(RelativeDistinguishedName::from(attributes));
    }
    Ok(RdnSequence(rdns))
}

/// PrintableString where the characters allow it, else UTF8String, as .NET writes; IA5String for e-mail and domain parts.
fn encode(oid: ObjectIdentifier, value: &str) -> der::Result<Any> {
    use der::Encode as _;
    let der = if oid == EMAIL || oid == rfc4519::DC {
        Ia5StringRef::new(value)?.to_der()?
    } else if oid == rfc4519::C || PrintableStringRef::new(value).is_ok() {
        PrintableStringRef::new(value)?.to_der()?
    } else {
        Utf8StringRef::new(value)?.to_der()?
    };
    Any::from_der(&der)
}

fn wrong(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Misconfigured, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(parts: &SubjectParts) -> String {
        parts.to_name().unwrap().to_string()
    }

    fn complete(text: &str) -> SubjectParts {
        SubjectParts { subject_name: Some(text.to_owned()), ..SubjectParts::default() }
    }

    #[test]
    fn a_complete_name_wins_over_its_parts() {
        let mut parts = complete("CN=My Repository Signer, O=MyOrg, C=US");
        assert_eq!(name(&parts), "CN=My Repository Signer,O=MyOrg,C=US");
        parts.organization = Some("Other".to_owned());
        parts.server_name = Some("feed".to_owned());
        assert_eq!(name(&parts), "CN=My Repository Signer,O=MyOrg,C=US");
    }

    #[test]
    fn without_one_the_parts_make_it() {
        let mut parts = SubjectParts::default();
        assert_eq!(name(&parts), "CN=Countersign");
        parts.server_name = Some("Contoso Feed".to_owned());
        parts.organization = Some("Contoso, Ltd.".to_owned());
        parts.organizational_unit = Some("IT".to_owned());
        parts.country = Some("US".to_owned());
        assert_eq!(name(&parts), "CN=Contoso Feed,O=Contoso\\, Ltd.,OU=IT,C=US");
        parts.country = Some("USA".to_owned());
        assert_eq!(parts.to_name().unwrap_err().to_string(), "the country \"USA\" is not a code of two letters");
    }

    #[test]
    fn quotes_escapes_and_several_values_are_read() {
        assert_eq!(name(&complete("CN=\"A, B\"; O = C\\+D , OU=x+L=y,")), "CN=A\\, B,O=C\\+D,L=y+OU=x");
        assert_eq!(name(&complete("OID.2.5.4.3=Überprüfung")), "CN=Überprüfung");
        assert_eq!(name(&complete("cn=say \\\"so\\\"")), "CN=say \\\"so\\\"");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, why) in [
            ("My Signer", "the subject \"My Signer\" has a part without \"=\""),
            ("CN=", "the subject \"CN=\" has an empty value for \"CN\""),
            ("CN=\"a", "the subject \"CN=\\\"a\" has a quote that is not closed"),
            ("CX=a", "the subject has a part \"CX\" that is not known; use CN, O, OU, C, L, S, E, DC or OID.1.2.3"),
        ] {
            assert_eq!(complete(text).to_name().unwrap_err().to_string(), why);
        }
    }
}
