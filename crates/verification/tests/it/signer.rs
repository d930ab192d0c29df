//! A signer for tests: the writing half with a key of the corpus, by hand, so that each step can go wrong.

use crate::agreement::{Material, now};
use bytes::Bytes;
use certificates::{Certificate, pem};
use model::signature_kind::SignatureKind;
use model::{Digests, HashAlgorithm, Refusal, Splice};
use nuget_signature::assemble::assemble;
use nuget_signature::prepare::{Attributes, PreparedSignature, prepare_countersignature, prepare_primary};
use nuget_signature::surgery;
use nuget_signature::timestamp_request::{Request, read_response};
use nupkg::{Layout, Limits};
use rsa::pkcs8::DecodePrivateKey as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use testkit::Tsa;
use time::OffsetDateTime;
use verification::{Expected, ExpectedKind, Proposal, VerifiedSplice, publishable};

pub(crate) const SERVICE_INDEX: &str = "https://countersign.test/v3/index.json";
pub(crate) const DOS_TIME: u32 = 0x5D78_6B2A;

/// A key of the corpus with its chain.
pub(crate) struct Signer {
    pub(crate) chain: Vec<Bytes>,
    key: rsa::RsaPrivateKey,
    pub(crate) owners: Vec<String>,
    pub(crate) signing_time: OffsetDateTime,
    pub(crate) timestamp_roots: Vec<Certificate>,
    tsa_chain: Vec<Bytes>,
}

/// A package, and what was made of it.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) source: Vec<u8>,
    pub(crate) layout: Layout,
    pub(crate) unsigned: Digests,
    pub(crate) previous: Option<Vec<u8>>,
    pub(crate) p7s: Vec<u8>,
    pub(crate) splice: Splice,
    pub(crate) timestamped: bool,
}

impl Signer {
    pub(crate) fn new(material: &Material, name: &str) -> Self {
        let certificates = |name: &str| pem::parse_all(&std::fs::read_to_string(material.pki(&format!("{name}.pem"))).unwrap());
        let root = certificates("root").remove(0);
        let mut chain = certificates(name);
        if !chain.contains(&root) {
            chain.push(root.clone());
        }
        let key = std::fs::read(material.pki(&format!("{name}.key"))).unwrap();
        Self {
            chain,
            key: rsa::RsaPrivateKey::from_pkcs8_der(&key).unwrap(),
            owners: vec!["acme".to_owned(), "Zoë".to_owned()],
            signing_time: now(),
            timestamp_roots: vec![Certificate::parse(root.clone()).unwrap()],
            tsa_chain: [certificates("tsa"), vec![root]].concat(),
        }
    }

    fn attributes(&self) -> Attributes<'_> {
        Attributes {
            kind: SignatureKind::Repository,
            signing_time: self.signing_time,
            certificate: &self.chain[0],
            algorithm: HashAlgorithm::Sha256,
            service_index: Some(SERVICE_INDEX),
            owners: &self.owners,
        }
    }

    fn finish(&self, prepared: &PreparedSignature, tsa: Option<&Tsa>) -> Vec<u8> {
        let value = self.key.sign(rsa::Pkcs1v15Sign::new::<sha2::Sha256>(), prepared.digest().as_bytes()).unwrap();
        let token = tsa.map(|tsa| surgery::complete_token(&stamp(tsa, &value), &self.tsa_chain).unwrap());
        assemble(prepared, &value, &self.chain, token.as_deref()).unwrap()
    }

    /// Signs a package that lies in a file: a primary signature, or a countersignature on an author's.
    pub(crate) fn sign(&self, path: &Path, tsa: Option<&Tsa>) -> Made {
        let source = std::fs::read(path).unwrap();
        let limits = Limits::default();
        let layout = Layout::read(&source, &limits).unwrap();
        let unsigned = nupkg::digest(&source, &layout.unsigned_form().unwrap(), &HashAlgorithm::ALL).unwrap();
        let (previous, p7s, splice) = if layout.is_signed() {
            let p7s = layout.signature_bytes(&source, &limits).unwrap();
            let author = surgery::remove_repository_countersignatures(&p7s).unwrap().unwrap_or(p7s);
            let p7s = self.finish(&prepare_countersignature(&author, &self.attributes()).unwrap(), tsa);
            let splice = layout.replace_signature(&p7s).unwrap();
            (Some(author), p7s, splice)
        } else {
            let p7s = self.finish(&prepare_primary(unsigned.sha256(), &self.attributes()).unwrap(), tsa);
            let splice = layout.sign(&p7s, DOS_TIME).unwrap();
            (None, p7s, splice)
        };
        Made { source, layout, unsigned, previous, p7s, splice, timestamped: tsa.is_some() }
    }

    pub(crate) fn expected<'a>(&'a self, made: &'a Made) -> Expected<'a> {
        Expected {
            kind: if made.previous.is_some() { ExpectedKind::Countersignature } else { ExpectedKind::Primary },
            chain: &self.chain,
            algorithm: HashAlgorithm::Sha256,
            service_index: SERVICE_INDEX,
            owners: &self.owners,
            signing_time: self.signing_time,
            previous: made.previous.as_deref(),
            dos_time: DOS_TIME,
            timestamped: made.timestamped,
        }
    }

    pub(crate) fn publishable(&self, made: &Made) -> Result<VerifiedSplice, Refusal> {
        self.publishable_as(made, self.expected(made))
    }

    pub(crate) fn publishable_as(&self, made: &Made, expected: Expected<'_>) -> Result<VerifiedSplice, Refusal> {
        publishable(&Proposal {
            source: &made.source,
            layout: &made.layout,
            splice: &made.splice,
            p7s: &made.p7s,
            unsigned: &made.unsigned,
            expected,
            timestamp_roots: &self.timestamp_roots,
            now: now(),
        })
    }
}

impl Made {
    /// The signed package.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for segment in self.splice.segments() {
            match segment {
                model::Segment::Blob { offset, len } => {
                    let start = usize::try_from(*offset).unwrap();
                    out.extend_from_slice(&self.source[start..start + usize::try_from(*len).unwrap()]);
                }
                model::Segment::Literal(bytes) => out.extend_from_slice(bytes),
            }
        }
        out
    }
}

/// Asks the authority for a token over `value`.
fn stamp(tsa: &Tsa, value: &[u8]) -> Vec<u8> {
    let request = Request::new(value, HashAlgorithm::Sha256, [0x5A; 32]);
    let url = tsa.url("");
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/timestamp-query\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        request.der().len()
    )
    .unwrap();
    stream.write_all(request.der()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let body = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    read_response(&answer[body..], &request).unwrap().to_vec()
}
