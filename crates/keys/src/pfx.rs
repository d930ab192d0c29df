//! PFX (PKCS #12) files: one private key and the certificates it came with.
//!
//! Reading takes what OpenSSL, .NET and older Windows tools write (PBES2, 3DES, RC2-40; an empty or no password).
//! Writing gives PBES2 with AES-256 and a SHA-256 MAC, which all of them open.

use crate::{Error, ErrorKind, Password};
use bytes::Bytes;
use der::asn1::AnyRef;
use der::{Decode as _, Encode as _, SliceReader, Tagged as _};
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKeyChain};
use zeroize::Zeroizing;

/// Rounds of key derivation. The file's real guard is its mode; this is for a copy that went astray.
const ITERATIONS: u64 = 20_000;

/// What a PFX file holds.
pub(crate) struct Pfx {
    /// PKCS #8, in DER; wiped when dropped.
    pub(crate) private_key: Zeroizing<Vec<u8>>,
    /// Certificates in DER, the key's own first.
    pub(crate) certificates: Vec<Bytes>,
}

/// Why a PFX could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// The password does not open it (or its content was changed).
    WrongPassword,
    /// It is not a PFX, or one in a form we do not know.
    Malformed,
    /// There is no private key with a certificate in it.
    NoKey,
    /// There is more than one private key.
    ManyKeys,
}

impl Unreadable {
    /// As an error about `what`.
    pub(crate) fn about(self, what: &str) -> Error {
        let why = match self {
            Self::WrongPassword => "cannot be opened with the configured password",
            Self::Malformed => "is not a PFX file that can be read",
            Self::NoKey => "has no private key with a certificate",
            Self::ManyKeys => "has more than one private key",
        };
        Error::new(ErrorKind::Misconfigured, format!("{what} {why}"))
    }
}

impl Pfx {
    /// Reads `der` with `password`; the empty password also opens a file that was written without one.
    pub(crate) fn read(der: &[u8], password: &Password) -> Result<Self, Unreadable> {
        let store = match KeyStore::from_pkcs12(der, password.expose()) {
            Ok(store) => store,
            // .NET's own stores have no password at all, which for the MAC (alone) is another thing than an empty one. A MAC
            // by no password guards nothing, so it is left out.
            Err(p12_keystore::error::Error::MacError(_)) if password.is_empty() => {
                let without_mac = without_mac(der).map_err(|_: der::Error| Unreadable::Malformed)?;
                KeyStore::from_pkcs12(&without_mac, "").map_err(|_: p12_keystore::error::Error| Unreadable::WrongPassword)?
            }
            Err(p12_keystore::error::Error::MacError(_)) => return Err(Unreadable::WrongPassword),
            Err(_) => return Err(Unreadable::Malformed),
        };
        let mut chains = store.entries().filter_map(|(_, entry)| match entry {
            KeyStoreEntry::PrivateKeyChain(chain) => Some(chain),
            KeyStoreEntry::Certificate(_) | KeyStoreEntry::Secret(_) => None,
        });
        let chain = chains.next().ok_or(Unreadable::NoKey)?;
        if chains.next().is_some() {
            return Err(Unreadable::ManyKeys);
        }
        let others = store.entries().filter_map(|(_, entry)| match entry {
            KeyStoreEntry::Certificate(certificate) => Some(certificate),
            KeyStoreEntry::PrivateKeyChain(_) | KeyStoreEntry::Secret(_) => None,
        });
        Ok(Self {
            private_key: Zeroizing::new(chain.key().to_vec()),
            certificates: chain.chain().iter().chain(others).map(|c| Bytes::copy_from_slice(c.as_der())).collect(),
        })
    }

    /// Writes a key and its chain (the key's own certificate first) under `password`.
    pub(crate) fn write(private_key: &[u8], chain: &[Bytes], name: &str, password: &Password) -> Result<Zeroizing<Vec<u8>>, Error> {
        let failed = |e: p12_keystore::error::Error| Error::new(ErrorKind::Internal, "cannot write a PFX").because(e);
        let certificates = chain.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let mut store = KeyStore::new();
        store.add_entry(name, KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(private_key, [1, 0, 0, 0], certificates)));
        let written =
            store.writer(password.expose()).encryption_iterations(ITERATIONS).mac_iterations(ITERATIONS).write().map_err(failed)?;
        Ok(Zeroizing::new(written))
    }
}

/// `PFX ::= SEQUENCE { version INTEGER, authSafe ContentInfo, macData MacData OPTIONAL }` with its first two members alone.
fn without_mac(der: &[u8]) -> der::Result<Vec<u8>> {
    let whole = AnyRef::from_der(der)?;
    let mut members = SliceReader::new(whole.value())?;
    let kept = [AnyRef::decode(&mut members)?, AnyRef::decode(&mut members)?];
    let mut body = Vec::with_capacity(der.len());
    for member in kept {
        member.encode_to_vec(&mut body)?;
    }
    AnyRef::new(whole.tag(), &body)?.to_der()
}
