//! `countersign sign`: signs files, without a feed.

use super::USAGE;
use crate::cli::{Kind, Sign};
use crate::config::{Overrides, Settings};
use crate::system_clock::SystemClock;
use crate::{credentials, files, roles, trust};
use anyhow::{Context as _, Result, anyhow, bail};
use keys::{KeyProvider, Password};
use model::signature_kind::SignatureKind;
use model::{Clock as _, HashAlgorithm, Refusal};
use nuget_signature::parse::PrimarySignature;
use nuget_signature::plan::Arrival;
use nupkg::{Layout, Limits};
use signing::{Credential, Draft, Finished, Terms, Warning};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use timestamp::{HttpConfig, HttpTimestamper, Timestamper};
use verification::{Expected, ExpectedKind, Proposal, TrustRoots};

pub(crate) fn run(words: &Sign) -> Result<ExitCode> {
    let (signer, results) = match Signer::new(words).and_then(|signer| Ok((signer, files::results(&words.files, &words.out)?))) {
        Ok(both) => both,
        Err(error) => {
            eprintln!("countersign: {error:#}");
            return Ok(ExitCode::from(USAGE));
        }
    };
    super::ask(async {
        let now = SystemClock.now();
        let credential = match signer.credential().await {
            Ok(credential) => credential,
            Err(error) => {
                eprintln!("countersign: {error:#}");
                return Ok(ExitCode::FAILURE);
            }
        };
        match credential.check_for_signing(now, &signer.roots.code_signing) {
            Ok(warnings) => {
                for Warning::UntrustedRoot in warnings {
                    eprintln!("warning: NU3018: the signing certificate's root is not trusted here; clients may refuse the signature");
                }
            }
            Err(refusal) => {
                eprintln!("countersign: {refusal}");
                return Ok(ExitCode::FAILURE);
            }
        }
        if signer.timestamper.is_none() {
            eprintln!("warning: NU3002: no time-stamping authority is named; signatures end with their certificate");
        }
        let mut worst = ExitCode::SUCCESS;
        for (file, result) in words.files.iter().zip(&results) {
            if !file.is_file() {
                eprintln!("countersign: there is no file {}", file.display());
                return Ok(ExitCode::from(USAGE));
            }
            if let Err(error) = signer.sign(&credential, file, result).await {
                eprintln!("countersign: {}: {error:#}", file.display());
                worst = ExitCode::FAILURE;
            }
        }
        Ok(worst)
    })
}

/// What all files are signed with.
struct Signer {
    provider: Arc<dyn KeyProvider>,
    kind: SignatureKind,
    service_index: Option<String>,
    owners: Vec<String>,
    algorithm: HashAlgorithm,
    roots: TrustRoots,
    timestamper: Option<Arc<dyn Timestamper>>,
    limits: Limits,
}

impl Signer {
    /// Reads options and files; any fault is one of usage, but for a PFX that is there and no good.
    fn new(words: &Sign) -> Result<Self> {
        let mut roots = trust::of_the_machine();
        trust::add_files(&mut roots, &words.roots)?;
        let kind = if words.kind == Kind::Author { SignatureKind::Author } else { SignatureKind::Repository };
        let settings = match &words.config {
            Some(file) => Some(Settings::load(&Overrides { file: Some(file.clone()), data: words.data.clone(), ..Overrides::default() })?),
            None => None,
        };
        if let Some(settings) = &settings {
            if !settings.signing.is_mode_named {
                bail!(
                    "the configuration does not say what to sign with: name a Signing:Mode (only `countersign serve` has one by default)"
                );
            }
            trust::add_files(&mut roots, &settings.signing.timestamp_trusted_roots)?;
        }
        let algorithm = match &words.hash {
            Some(name) => HashAlgorithm::from_name(name).ok_or_else(|| anyhow!("--hash {name:?} is not SHA256, SHA384 or SHA512"))?,
            None => settings.as_ref().map_or(HashAlgorithm::Sha256, |s| s.signing.algorithm),
        };
        let provider = match (&settings, &words.pfx) {
            (Some(settings), _) => {
                credentials::provider(settings, &roots)?.context("signing is off in this configuration (Signing:Mode is Null)")?
            }
            (None, Some(pfx)) => {
                if !pfx.is_file() {
                    bail!("there is no PFX file {}", pfx.display());
                }
                credentials::pfx(pfx, password(words.password_file.as_deref())?, algorithm, &roots)
            }
            (None, None) => bail!("name a PFX with --pfx, or a configuration with --config"),
        };
        let configured = settings.as_ref();
        let base = configured.and_then(|s| s.feed.public_base_url.as_ref()).map(|url| format!("{url}/v3/index.json"));
        let service_index = words.service_index.clone().or(base);
        if kind == SignatureKind::Repository
            && !service_index.as_ref().is_some_and(|url| url::Url::parse(url).is_ok_and(|u| u.scheme() == "https"))
        {
            bail!("a repository signature names the feed's service index: --service-index https://…/v3/index.json");
        }
        let owners =
            if words.owners.is_empty() { configured.map(|s| s.feed.owners.clone()).unwrap_or_default() } else { words.owners.clone() };
        let timestamp_url = words
            .timestamp_url
            .clone()
            .or_else(|| configured.and_then(|s| s.signing.timestamp_url.clone()))
            .filter(|u| !u.trim().is_empty());
        let timestamper = match timestamp_url {
            Some(url) => {
                let config = configured.map_or_else(HttpConfig::default, roles::timestamp_config);
                Some(Arc::new(HttpTimestamper::new(&url, roots.timestamping.clone(), config)?) as Arc<dyn Timestamper>)
            }
            None => None,
        };
        let limits = configured.map_or_else(Limits::default, roles::nupkg_limits);
        Ok(Self { provider, kind, service_index, owners, algorithm, roots, timestamper, limits })
    }

    async fn credential(&self) -> Result<Credential> {
        let identity = self.provider.current(SystemClock.now()).await.map_err(|e| refusal_of(&e))?;
        Ok(Credential::new(identity).map_err(|e| e.to_refusal())?.with_algorithm(self.algorithm))
    }

    /// Signs one file; nothing is written unless all of it holds.
    async fn sign(&self, credential: &Credential, file: &Path, result: &Path) -> Result<()> {
        let (mut opened, source) = files::open(file)?;
        let layout = Layout::read(&source, &self.limits).map_err(|e| e.to_refusal())?;
        layout.check_signable(&source, &self.limits).map_err(|e| e.to_refusal())?;
        layout.check_local_headers(&source).map_err(|e| e.to_refusal())?;
        let arrived =
            if layout.is_signed() { Some(layout.signature_bytes(&source, &self.limits).map_err(|e| e.to_refusal())?) } else { None };
        let signature = arrived.clone().map(PrimarySignature::parse).transpose().map_err(|e| e.to_refusal())?;
        let action = signing::command_action(self.kind, Arrival::of(signature.as_ref()).map_err(|e| e.to_refusal())?)?;
        let mut algorithms = vec![self.algorithm];
        algorithms.extend(signature.as_ref().map(|s| s.content().algorithm));
        let unsigned = nupkg::digest(&source, &layout.unsigned_form().map_err(|e| e.to_refusal())?, &algorithms)?;
        let now = SystemClock.now();
        if let Some(signature) = &signature {
            verification::check_arrival(signature, &unsigned, now)?;
        }
        let terms = Terms { kind: self.kind, service_index: self.service_index.as_deref(), owners: &self.owners, signing_time: now };
        let draft = Draft::new(&action, arrived.as_deref(), &unsigned, &terms, credential).map_err(|e| e.to_refusal())?;
        let signed = draft.ask().await.map_err(|e| e.to_refusal())?;
        let stamped = match &self.timestamper {
            Some(authority) => signed.stamp(authority.as_ref(), SystemClock.now()).await.map_err(|e| e.to_refusal())?,
            None => signed.unstamped(),
        };
        let now = SystemClock.now();
        let dos_time = nupkg::dos_time(now);
        let finished = stamped.finish(&layout, dos_time, now).map_err(|e| e.to_refusal())?;
        let splice = self.verified(credential, &source, &layout, &finished, &unsigned, dos_time)?;
        files::write(&mut opened, &splice, result)
    }

    /// The second opinion: nothing is written that verification has not looked at.
    fn verified(
        &self,
        credential: &Credential,
        source: &nupkg::FileSource,
        layout: &Layout,
        finished: &Finished,
        unsigned: &model::Digests,
        dos_time: u32,
    ) -> Result<model::Splice, Refusal> {
        let now = SystemClock.now();
        if self.kind == SignatureKind::Author {
            // The strict profile is about what a repository publishes; an author's signature is read as any arrival is.
            let signature = PrimarySignature::parse(finished.p7s.clone()).map_err(|e| e.to_refusal())?;
            verification::check_arrival(&signature, unsigned, now)?;
            return Ok(finished.splice.clone());
        }
        let proposal = Proposal {
            source,
            layout,
            splice: &finished.splice,
            p7s: &finished.p7s,
            unsigned,
            expected: Expected {
                kind: if finished.is_countersignature { ExpectedKind::Countersignature } else { ExpectedKind::Primary },
                chain: credential.chain(),
                algorithm: credential.algorithm(),
                service_index: self.service_index.as_deref().unwrap_or_default(),
                owners: &self.owners,
                signing_time: finished.signing_time,
                previous: finished.base.as_deref(),
                dos_time,
                timestamped: finished.is_timestamped,
            },
            timestamp_roots: &self.roots.timestamping,
            now,
        };
        Ok(verification::publishable(&proposal)?.into_parts().0)
    }
}

fn refusal_of(error: &keys::Error) -> anyhow::Error {
    match error.nu() {
        Some(nu) => anyhow!("{nu}: {}", telemetry::chain(error)),
        None => anyhow!("{}", telemetry::chain(error)),
    }
}

/// The first line of the file; no file, the empty password.
fn password(file: Option<&Path>) -> Result<Password> {
    let Some(file) = file else { return Ok(Password::none()) };
    let text = std::fs::read_to_string(file).with_context(|| format!("the password file {} cannot be read", file.display()))?;
    Ok(Password::from(text.lines().next().unwrap_or_default().to_owned()))
}
