//! A key and the certificate chain that belongs to it.

use crate::Error;
use bytes::Bytes;
use certificates::{Certificate, ChainStatus, Purpose, chain, profile};
use keys::{Identity, SignInput, SigningKey};
use model::{Code, Digest, HashAlgorithm, Refusal};
use std::sync::Arc;
use time::OffsetDateTime;

/// Who signs. Its key is the key of its certificate.
#[derive(Debug, Clone)]
pub struct Credential {
    chain: Vec<Bytes>,
    certificates: Vec<Certificate>,
    key: Arc<dyn SigningKey>,
    algorithm: HashAlgorithm,
}

/// What a signer should know and need not stop for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The chain ends in a root that is not trusted here (NU3018).
    UntrustedRoot,
}

impl Credential {
    /// Binds them; refused when the key is not that of the first certificate, or a certificate cannot be read.
    pub fn new(identity: Identity) -> Result<Self, Error> {
        let certificates: Vec<Certificate> = identity
            .chain
            .iter()
            .map(|der| Certificate::parse(der.clone()))
            .collect::<Result<_, _>>()
            .map_err(|error| Error::Certificate(Some(error)))?;
        let leaf = certificates.first().ok_or(Error::Certificate(None))?;
        if leaf.public_key_info() != identity.key.public_key() {
            return Err(Error::KeyMismatch);
        }
        Ok(Self { chain: identity.chain, certificates, key: identity.key, algorithm: identity.algorithm })
    }

    /// The same with another digest algorithm.
    #[must_use]
    pub fn with_algorithm(self, algorithm: HashAlgorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// The signer's certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        // `new` refuses an empty chain.
        #[expect(clippy::indexing_slicing, reason = "new refuses an empty chain")]
        &self.certificates[0]
    }

    /// Certificates in DER, the signer's first, the root last.
    #[must_use]
    pub fn chain(&self) -> &[Bytes] {
        &self.chain
    }

    /// The algorithm that it signs with.
    #[must_use]
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// SHA-256 of the signer's certificate.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        self.certificate().fingerprint(HashAlgorithm::Sha256)
    }

    /// What NuGet's signer asks of a certificate (spec 5.1, 5.2), the first fault refused: NU3013, NU3014, NU3015, NU3017, then
    /// the chain, NU3018. A root that is not among `roots` is a warning alone: who runs a feed need not trust its own root for
    /// code signing on that machine.
    pub fn check_for_signing(&self, now: OffsetDateTime, roots: &[Certificate]) -> Result<Vec<Warning>, Refusal> {
        let leaf = self.certificate();
        if let Some(code) = profile::signing_problems(leaf, now).first() {
            return Err(Refusal::nu(Code::CertificateInvalid, code.0, profile::reason(*code)));
        }
        let chain = chain::build(leaf, self.certificates.get(1..).unwrap_or_default(), roots, Purpose::CodeSigning, now);
        let (untrusted, faults): (Vec<ChainStatus>, Vec<ChainStatus>) =
            chain.statuses.iter().partition(|status| **status == ChainStatus::UntrustedRoot);
        if !faults.is_empty() {
            let names: Vec<&str> = faults.iter().map(|status| status.name()).collect();
            let reason = format!("the signing certificate's chain cannot be used: {}", names.join(", "));
            return Err(Refusal::nu(Code::CertificateInvalid, 3018, reason));
        }
        Ok(if untrusted.is_empty() { Vec::new() } else { vec![Warning::UntrustedRoot] })
    }

    pub(crate) async fn sign(&self, input: SignInput<'_>) -> Result<Vec<u8>, Error> {
        Ok(self.key.sign(input).await?)
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UntrustedRoot => f.write_str("NU3018: the signing certificate's chain ends in a root that is not trusted here"),
        }
    }
}
