//! nuget-v3-service-index-url (spec 4.5): an IA5String with an absolute https URL.

use super::sequence_reader::SequenceReader;
use crate::error::Error;
use crate::signer_info::SignerInfo;
use crate::spec;

/// The URL as it stands.
pub fn read(signer: &SignerInfo) -> Result<String, Error> {
    let mut attributes = signer.signed(spec::SERVICE_INDEX_URL);
    let values = attributes.next().ok_or(Error::ServiceIndex("it is missing"))?;
    if attributes.next().is_some() {
        return Err(Error::Structure("there are several nuget-v3-service-index-url attributes"));
    }
    let [value] = values.as_slice() else { return Err(Error::ServiceIndex("it must have exactly one value")) };
    let mut reader = SequenceReader::payload(value);
    let url = reader.read_ia5()?;
    if reader.has_data() || !is_https(&url) {
        return Err(Error::ServiceIndex("it is not an absolute https URL"));
    }
    Ok(url)
}

/// Whether .NET's `Uri` takes this ASCII text for an absolute URI with the scheme https: lenient about everything but the
/// authority.
fn is_https(url: &str) -> bool {
    let url = url.trim_matches([' ', '\t', '\r', '\n']);
    let Some((scheme, rest)) = url.split_once(':') else { return false };
    let slash = |c: char| c == '/' || c == '\\';
    if !scheme.eq_ignore_ascii_case("https") || !rest.starts_with(slash) || !rest[1..].starts_with(slash) {
        return false;
    }
    let rest = &rest[2..];
    let authority = &rest[..rest.find(|c| slash(c) || c == '?' || c == '#').unwrap_or(rest.len())];
    // An `@` at the very end of the URL is part of the host.
    let host = match authority.split_once('@') {
        Some((_, host)) if !(host.is_empty() && authority.len() == rest.len()) => host,
        _ => authority,
    };
    let port = if let Some(literal) = host.strip_prefix('[') {
        let Some((address, port)) = literal.split_once(']') else { return false };
        let address = address.split_once('%').map_or(address, |(address, _)| address);
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return false;
        }
        port
    } else {
        let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
        if !is_domain_name(name) && !is_unc_name(name) {
            return false;
        }
        port
    };
    match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(digits) => digits.bytes().all(|digit| digit.is_ascii_digit()) && digits.bytes().try_fold(0_u32, |port, digit| Some(port * 10 + u32::from(digit - b'0')).filter(|port| *port <= 0xFFFF)).is_some(),
    }
}

/// Labels of 1 to 63 letters, digits, hyphens and underscores that begin with a letter or digit; the last dot may end it.
fn is_domain_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.starts_with(|c: char| c.is_ascii_alphanumeric())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_')
    })
}

/// The name of a Windows machine, which .NET also takes for the host of an https URL.
fn is_unc_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut labels = name.split('.');
    let first = labels.next().unwrap_or_default();
    name.len() <= 256
        && first.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_')
        && first.bytes().any(|octet| !octet.is_ascii_digit())
        && labels.all(|label| label.starts_with(|c: char| c.is_ascii_alphanumeric()) && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_'))
}

#[cfg(test)]
mod tests {
    use super::is_https;

    #[test]
    fn https_urls_as_dotnet_takes_them() {
        for url in [
            "https://feed.test/v3/index.json",
            " HTTPS://feed.test/a b ",
            "https://u:p@feed.test:8443/?q#f",
            "https:\\\\feed.test\\a",
            "https://[::1]:5001/v3",
            "https://127.0.0.1",
            "https://a_b.test.",
            "https://feed.test:/",
            "https://-odd/",
        ] {
            assert!(is_https(url), "{url}");
        }
        for url in ["", "https", "https:", "https://", "https:///x", "http://feed.test", "file:///x", "/v3/index.json", "https:feed.test", "https://a b/", "https://x:99999/", "https://x:1a/", "https://[::1/", "https://a..b/", "https://.a/"] {
            assert!(!is_https(url), "{url}");
        }
    }
}
