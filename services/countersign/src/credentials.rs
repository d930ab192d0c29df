//! The configured key provider, and the PFX of `countersign sign`.

use crate::config::{Mode, Settings};
use anyhow::{Context as _, Result};
use keys::provider::self_signed::{KeySize, SelfSigned, SelfSignedConfig, SubjectParts};
use keys::store::KeyStore;
use keys::{KeyProvider, Password};
use std::sync::Arc;

/// The provider that the configuration names; `None` when signing is off.
pub(crate) fn provider(settings: &Settings) -> Result<Option<Arc<dyn KeyProvider>>> {
    let signing = &settings.signing;
    let password = signing.certificate_password.as_ref().map_or_else(Password::none, |p| Password::new(p.expose()));
    let store = || KeyStore::open(&settings.stores.keys).with_context(|| format!("the key store {} cannot be opened", settings.stores.keys.display()));
    Ok(match &signing.mode {
        Mode::Null => None,
        Mode::SelfSigned(own) => {
            let key_size = match own.key_bits {
                2048 => KeySize::Bits2048,
                3072 => KeySize::Bits3072,
                _ => KeySize::Bits4096,
            };
            let config = SelfSignedConfig {
                subject: SubjectParts {
                    subject_name: own.subject_name.clone(),
                    organization: own.organization.clone(),
                    organizational_unit: own.organizational_unit.clone(),
                    country: own.country.clone(),
                    server_name: own.server_name.clone(),
                },
                key_size,
                validity_days: own.validity_days,
                certificate_path: own.certificate_path.clone(),
                hash_algorithm: signing.algorithm,
                password,
            };
            Some(Arc::new(SelfSigned::new(config, store()?)?))
        }
        Mode::StoredCertificate(stored) => Some(stored_certificate(&stored.file_path, password, signing.algorithm, store()?)?),
    })
}
