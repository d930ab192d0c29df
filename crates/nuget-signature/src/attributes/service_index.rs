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
    let Some(rest) = rest.strip_prefix(slash).and_then(|rest| rest.strip_prefix(slash)) else { return false };
    if !scheme.eq_ignore_ascii_case("https") {
        return false;
    }
    let authority = &rest[..rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len())];
    // An `@` at the very end of the URL is part of the host, which it spoils.
    let host = match authority.find('@') {
        Some(at) if at + 1 < rest.len() => at + 1,
        _ => 0,
    };
    if let Some(literal) = rest[host..].strip_prefix('[') {
        return is_address_literal(literal);
    }
    let host = &authority[host..];
    let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
    !rest[authority.len()..].starts_with('\\')
        && (is_domain_name(name) || is_machine_name(name))
        && port.strip_prefix(':').is_none_or(is_port)
}

/// An IPv6 address, perhaps with a scope or prefix length, its `]` and a port; whatever else follows is let be, but for a
/// backslash.
fn is_address_literal(literal: &str) -> bool {
    let Some((address, rest)) = literal.split_once(']') else { return false };
    let address = address.split_once(['%', '/']).map_or(address, |(address, _)| address);
    let port = |rest: &str| is_port(&rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())]);
    address.parse::<std::net::Ipv6Addr>().is_ok() && !rest.starts_with('\\') && rest.strip_prefix(':').is_none_or(port)
}

fn is_port(digits: &str) -> bool {
    let add = |port: u32, digit: u8| digit.is_ascii_digit().then(|| port * 10 + u32::from(digit - b'0')).filter(|port| *port <= 0xFFFF);
    digits.bytes().try_fold(0, add).is_some()
}

/// Labels of 1 to 63 letters, digits, hyphens and underscores that begin with a letter or digit; a dot may end it.
fn is_domain_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.starts_with(|c: char| c.is_ascii_alphanumeric())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_')
    })
}

/// The name of a Windows machine, which .NET also takes for the host of an https URL: the first label must not be a number,
/// labels after the second begin with a letter or digit, a dot may end it.
fn is_machine_name(name: &str) -> bool {
    const LONGEST: usize = 256;
    if name.len() > LONGEST {
        return false;
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    name.split('.').enumerate().all(|(at, label)| {
        let good_start = match at {
            0 => label.bytes().any(|octet| !octet.is_ascii_digit()),
            1 => !label.is_empty(),
            _ => label.starts_with(|c: char| c.is_ascii_alphanumeric()),
        };
        good_start && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::is_https;

    /// What NuGet 7.9 on .NET 10 took as the URL of a signature (`judge verify`).
    const TAKEN: &[&str] = &[
        "https://feed.test/",
        "HTTPS://feed.test/",
        " https://feed.test/ ",
        "https:/\\feed.test",
        "https://u:p@h/",
        "https://h:",
        "https://h:/",
        "https://h:80",
        "https://h:65535",
        "https://[::1]",
        "https://[::1]:80/",
        "https://[::1]x",
        "https://[fe80::1%eth0]/",
        "https://[::ffff:1.2.3.4]/",
        "https://[::1/64]/",
        "https://1.2.3.4",
        "https://999.1.1.1/",
        "https://1",
        "https://0x10/",
        "https://1.2.3.4.5/",
        "https://a./",
        "https://-a/",
        "https://a-/",
        "https://_a/",
        "https://a_b/",
        "https://h?q",
        "https://h#f",
        "https://h/\x00",
        "\thttps://h/",
        "\nhttps://h\n",
        "https://h/ ",
        "https://h:80@x/",
        "https://u:@h",
        "https://:p@h",
        "https://h:80 ",
        "https://h: ",
        "https://h:0080/",
        "https://h:00000000080/",
        "https://u?@h/",
        "https://u#@h",
        "https://xn--a/",
        "https://1a/",
        "https://a.1/",
        "https://-1/",
        "https://1-/",
        "https://-",
        "https://_",
        "https://a.-b",
        "https://a._b",
        "https://a.b-.c",
        "https://a.b_",
        "https://a-.-b",
        "https://a:b@c:1/",
        "https:\\/h",
        "https://h//x",
        "https://[::1]]/",
        "https://[::%251]",
        "https://[::1]?",
        "https://[::1]@h/",
        "https://u@[::1]/",
        "https://h/\x7f",
        "https://a.b.c.d.e.f.g",
        "https://256.256.256.256/",
        "https://1.2.3/",
        "https://1.2.3.4:5/",
    ];
    /// What it refused with NU3000.
    const REFUSED: &[&str] = &[
        "https:feed.test",
        "https:/feed.test",
        "https:\\\\feed.test\\a",
        "https:///feed.test",
        "https:////feed.test",
        "https://",
        "https:///",
        "https://?",
        "https://#x",
        "https://@",
        "https://u@",
        "https://u@h@i/",
        "https://h:65536",
        "https://h:1a",
        "https://h:-1",
        "https://h:80:80",
        "https://[::1",
        "https://[1.2.3.4]/",
        "https://[v1.x]/",
        "https://a..b/",
        "https://.a/",
        "https://a../",
        "https://a b/",
        "https://a\tb/",
        "https://a%20b/",
        "https://%61/",
        "https://a+b/",
        "https://a$b/",
        "https://a~b/",
        "https://a!b",
        "https://a,b",
        "https://a;b",
        "https://a=b",
        "https://a&b",
        "https://a'b",
        "https://(a)",
        "https://a*b",
        "https://*",
        "https://h\\x",
        "https://h\x00/",
        "\x0bhttps://h/",
        "\x00https://h/",
        "https ://h/",
        "ht tps://h",
        "https:// h/",
        "https://h /",
        "https:",
        "https",
        "",
        "http://h",
        "ftp://h",
        "//h/x",
        "/x",
        "x",
        "c:\\x",
        "https://:80",
        "https://a:b",
        "https://h:+80",
        "https://h: 80",
        "https://h:80 /",
        "https://u\\v@h/",
        "https:/\\/h",
        "https://\\h",
        "https://[]/",
        "https://[::1]\\x",
        "https://\x7f/",
        "https://a\x01b",
    ];

    #[test]
    fn https_urls_are_those_that_nuget_takes() {
        for url in TAKEN {
            assert!(is_https(url), "{url:?}");
        }
        for url in REFUSED {
            assert!(!is_https(url), "{url:?}");
        }
        let host = |length| format!("https://{}/", "a".repeat(length));
        assert!([63, 64, 255, 256].map(host).iter().all(|url| is_https(url)));
        assert!(!is_https(&host(257)));
        assert!(is_https(&format!("https://{}/", ["a"; 5].map(|label| label.repeat(60)).join("."))));
        assert!(is_https(&format!("https://h/{}", "x".repeat(70_000))));
    }
}
