//! What the tests share: test keys, packages, the steps from a package to a signed one.

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512};
use certificates::{Certificate, pem};
use keys::{Identity, SignInput, SigningKey};
use model::signature_kind::SignatureKind;
use model::{HashAlgorithm, Segment, Splice};
use nuget_signature::parse::PrimarySignature;
use nuget_signature::plan::{Arrival, UpstreamSignature, plan};
use nupkg::{Layout, Limits};
use signing::{Credential, Draft, Finished, Signed, Terms};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use time::OffsetDateTime;
use time::macros::datetime;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-24 13:05:09 UTC);
pub(crate) const SERVICE_INDEX: &str = "https://feed.test/v3/index.json";

/// A key of `corpus/pki`.
#[derive(Debug)]
pub(crate) struct TestKey {
    pair: RsaKeyPair,
    public: Vec<u8>,
}

impl TestKey {
    pub(crate) fn sign_now(&self, input: SignInput<'_>) -> Vec<u8> {
        let padding = match input.digest.algorithm() {
            HashAlgorithm::Sha256 => &RSA_PKCS1_SHA256,
            HashAlgorithm::Sha384 => &RSA_PKCS1_SHA384,
            HashAlgorithm::Sha512 => &RSA_PKCS1_SHA512,
        };
        let mut value = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(padding, &SystemRandom::new(), input.signed_attributes, &mut value).unwrap();
        value
    }
}

#[async_trait]
impl SigningKey for TestKey {
    fn public_key(&self) -> &[u8] {
        &self.public
    }

    async fn sign(&self, input: SignInput<'_>) -> Result<Vec<u8>, keys::Error> {
        Ok(self.sign_now(input))
    }
}

/// A test identity: `name` of the shared PKI, and its key.
pub(crate) struct Signer {
    pub(crate) credential: Credential,
    key: Arc<TestKey>,
}

impl Signer {
    pub(crate) fn of(shared: &Path, name: &str, algorithm: HashAlgorithm) -> Self {
        let root = if name.ends_with("-other") { "other-root" } else { "root" };
        let chain = [name, root].map(|name| certificate(shared, name).der().clone()).to_vec();
        let pair = RsaKeyPair::from_pkcs8(&std::fs::read(shared.join(format!("corpus/pki/{name}.key"))).unwrap()).unwrap();
        let leaf = certificate(shared, name);
        let key = Arc::new(TestKey { pair, public: leaf.public_key_info().to_vec() });
        let credential = Credential::new(Identity { chain, key: Arc::<TestKey>::clone(&key), algorithm }).unwrap();
        Self { credential, key }
    }

    pub(crate) fn key(&self) -> Arc<dyn SigningKey> {
        Arc::<TestKey>::clone(&self.key)
    }

    pub(crate) fn fingerprint(&self) -> String {
        self.credential.fingerprint().to_hex_upper()
    }
}

pub(crate) fn certificate(shared: &Path, name: &str) -> Certificate {
    let text = std::fs::read_to_string(shared.join(format!("corpus/pki/{name}.pem"))).unwrap();
    Certificate::parse(pem::parse_all(&text).remove(0)).unwrap()
}

pub(crate) fn terms<'a>(owners: &'a [String]) -> Terms<'a> {
    Terms { kind: SignatureKind::Repository, service_index: Some(SERVICE_INDEX), owners, signing_time: NOW }
}

/// A package in memory.
pub(crate) struct Package {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    pub(crate) layout: Layout,
    pub(crate) p7s: Option<Vec<u8>>,
}

impl Package {
    pub(crate) fn read(path: &Path) -> Self {
        Self::of(path.to_path_buf(), std::fs::read(path).unwrap())
    }

    pub(crate) fn of(path: PathBuf, bytes: Vec<u8>) -> Self {
        let name = path.display().to_string();
        Self::try_of(path, bytes).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn try_of(path: PathBuf, bytes: Vec<u8>) -> Result<Self, nupkg::Error> {
        let limits = Limits::default();
        let layout = Layout::read(&bytes, &limits)?;
        let p7s = if layout.is_signed() { Some(layout.signature_bytes(&bytes, &limits)?) } else { None };
        Ok(Self { path, bytes, layout, p7s })
    }

    pub(crate) fn signature(&self) -> Option<PrimarySignature> {
        self.p7s.clone().map(|p7s| PrimarySignature::parse(p7s).unwrap_or_else(|error| panic!("{}: {error}", self.path.display())))
    }

    pub(crate) fn arrival(&self) -> Arrival {
        Arrival::of(self.signature().as_ref()).unwrap()
    }

    pub(crate) fn draft(&self, terms: &Terms<'_>, signer: &Signer) -> Draft {
        let digests = nupkg::digest(&self.bytes, &self.layout.unsigned_form().unwrap(), &HashAlgorithm::ALL).unwrap();
        let action = plan(self.arrival(), UpstreamSignature::ReSign, false);
        Draft::new(&action, self.p7s.as_deref(), &digests, terms, &signer.credential).unwrap()
    }

    pub(crate) fn signed(&self, terms: &Terms<'_>, signer: &Signer) -> Signed {
        let draft = self.draft(terms, signer);
        let value = signer.key.sign_now(draft.sign_input());
        draft.with_value(value)
    }

    pub(crate) fn finish(&self, terms: &Terms<'_>, signer: &Signer) -> Finished {
        self.signed(terms, signer).unstamped().finish(&self.layout, nupkg::dos_time(NOW), NOW).unwrap()
    }

    /// The package that `splice` describes over this one.
    pub(crate) fn edited(&self, splice: &Splice) -> Self {
        Self::of(self.path.clone(), resolve(splice, &self.bytes))
    }

    pub(crate) fn unsigned(&self) -> Self {
        self.edited(&signing::unsign(&self.layout, self.p7s.as_deref()).unwrap())
    }

    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap().to_string_lossy().into_owned()
    }

    /// Writes it into `folder` and gives its path.
    pub(crate) fn store(&self, folder: &Path, prefix: &str) -> String {
        let path = folder.join(format!("{prefix}{}", self.name()));
        std::fs::write(&path, &self.bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn resolve(splice: &Splice, source: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for segment in splice.segments() {
        match segment {
            Segment::Blob { offset, len } => out.extend_from_slice(&source[*offset as usize..(*offset + *len) as usize]),
            Segment::Literal(bytes) => out.extend_from_slice(bytes),
        }
    }
    out
}

/// The packages of the named folders of the corpus that intake's checks of the archive let pass.
pub(crate) fn tidy_packages(shared: &Path, folders: &[&str]) -> Vec<Package> {
    let paths = folders.iter().flat_map(|folder| testkit::packages(&shared.join("corpus").join(folder)));
    let read = |path: PathBuf| Package::try_of(path.clone(), std::fs::read(path).unwrap()).ok();
    let is_tidy = |package: &Package| {
        let limits = Limits::default();
        package.layout.check_signable(&package.bytes, &limits).and_then(|()| package.layout.check_local_headers(&package.bytes)).is_ok()
    };
    paths.filter_map(read).filter(is_tidy).collect()
}

/// The packages of the named folders of the corpus.
pub(crate) fn packages(shared: &Path, folders: &[&str]) -> Vec<Package> {
    let paths = folders.iter().flat_map(|folder| testkit::packages(&shared.join("corpus").join(folder)));
    paths.map(|path| Package::read(&path)).collect()
}
