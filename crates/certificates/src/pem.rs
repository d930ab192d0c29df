//! Certificates out of PEM text, such as the root bundles of the .NET SDK.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

const FORGIVING: GeneralPurpose =
    GeneralPurpose::new(&base64::alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// The DER of every `CERTIFICATE` in `text`, in order. Text between them, other labels and blocks that are not base64 are left out.
pub fn parse_all(text: &str) -> Vec<Bytes> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find(BEGIN) {
        rest = &rest[begin + BEGIN.len()..];
        let Some(end) = rest.find(END) else { break };
        let mut body = Vec::with_capacity(end);
        body.extend(rest.as_bytes()[..end].iter().filter(|b| !b.is_ascii_whitespace()));
        if let Ok(der) = FORGIVING.decode(&body) {
            out.push(der.into());
        }
        rest = &rest[end + END.len()..];
    }
    out
}

/// `der` as a PEM block.
pub fn encode(der: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let mut out = String::with_capacity(body.len() * 66 / 64 + 64);
    out.push_str(BEGIN);
    for (i, character) in body.chars().enumerate() {
        if i % 64 == 0 {
            out.push('\n');
        }
        out.push(character);
    }
    out.push('\n');
    out.push_str(END);
    out.push('\n');
    out
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_among_other_text() {
        let text = format!(
            "# root\n{}junk\n{}-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            encode(&[1; 70]),
            encode(&[2])
        );
        assert_eq!(parse_all(&text), [Bytes::from(vec![1; 70]), Bytes::from(vec![2])]);
        assert_eq!(parse_all("-----BEGIN CERTIFICATE-----\nAAAA"), Vec::<Bytes>::new());
    }
}
