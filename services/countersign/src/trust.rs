//! Which root certificates are trusted: those of a folder in the .NET SDK's `trustedroots` format, the machine's, and PEM files.

use anyhow::{Context as _, Result, bail};
use certificates::{Certificate, pem};
use std::path::{Path, PathBuf};
use verification::TrustRoots;

/// Largest bundle that is read, in bytes.
const BUNDLE_BYTES_MAX: u64 = 16 << 20;

/// The roots of `folder`, which holds `codesignctl.pem` and `timestampctl.pem`.
pub(crate) fn from_folder(folder: &Path) -> Result<TrustRoots> {
    let (code_signing, timestamping) = (folder.join("codesignctl.pem"), folder.join("timestampctl.pem"));
    if !code_signing.exists() && !timestamping.exists() {
        bail!("{} holds neither codesignctl.pem nor timestampctl.pem", folder.display());
    }
    let read_or_empty = |path: &Path| if path.exists() { read(path) } else { Ok(String::new()) };
    Ok(TrustRoots::from_folder_contents(&read_or_empty(&code_signing)?, &read_or_empty(&timestamping)?))
}

/// The roots that NuGet would use on this machine: the SDK's bundles where there is an SDK (and the system's code-signing bundle before
/// its own), else the system's TLS roots.
pub(crate) fn of_the_machine() -> TrustRoots {
    if let Some(folder) = sdk_folder()
        && let Ok(mut roots) = from_folder(&folder)
    {
        if let Ok(text) = read(Path::new(SYSTEM_CODE_SIGNING))
            && !pem::parse_all(&text).is_empty()
        {
            roots = TrustRoots::from_folder_contents(&text, &read(&folder.join("timestampctl.pem")).unwrap_or_default());
        }
        return roots;
    }
    let text = SYSTEM_BUNDLES.iter().find_map(|path| read(Path::new(path)).ok()).unwrap_or_default();
    TrustRoots::from_folder_contents(&text, &text)
}

/// Adds the certificates of PEM (or DER) files to both purposes.
pub(crate) fn add_files(roots: &mut TrustRoots, files: &[PathBuf]) -> Result<()> {
    for file in files {
        for der in read_certificates(file)? {
            let root = Certificate::parse(der).with_context(|| format!("{} holds something that is no certificate", file.display()))?;
            roots.add(root);
        }
    }
    Ok(())
}

/// The certificates of a PEM or DER file; a file without any is an error.
fn read_certificates(file: &Path) -> Result<Vec<bytes::Bytes>> {
    let octets = std::fs::read(file).with_context(|| format!("the root certificate {} cannot be read", file.display()))?;
    if octets.starts_with(&[0x30]) {
        return Ok(vec![octets.into()]);
    }
    let found = pem::parse_all(&String::from_utf8_lossy(&octets));
    if found.is_empty() {
        bail!("{} holds no certificate", file.display());
    }
    Ok(found)
}

fn read(path: &Path) -> Result<String> {
    let size = std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    if size > BUNDLE_BYTES_MAX {
        bail!("{} is larger than {BUNDLE_BYTES_MAX} bytes", path.display());
    }
    Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned())
}

/// The newest SDK's `trustedroots`.
fn sdk_folder() -> Option<PathBuf> {
    SDK_HOMES
        .iter()
        .filter_map(|home| std::fs::read_dir(Path::new(home).join("sdk")).ok())
        .flat_map(|entries| entries.flatten().map(|e| e.path().join("trustedroots")))
        .filter(|folder| folder.join("timestampctl.pem").exists())
        .max()
}

const SDK_HOMES: &[&str] = &["/usr/share/dotnet", "/usr/lib/dotnet", "/usr/local/share/dotnet", "/opt/dotnet"];
const SYSTEM_CODE_SIGNING: &str = "/etc/pki/ca-trust/extracted/pem/objsign-ca-bundle.pem";
const SYSTEM_BUNDLES: &[&str] =
    &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"];
