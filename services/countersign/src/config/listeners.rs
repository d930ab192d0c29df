//! `Http`, `Grpc`, `Telemetry`: where the process listens and how it talks about itself.

use super::Overrides;
use config::Section;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use telemetry::logs::Format;

/// Certificate and key of a TLS listener, both PEM.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// One listener.
#[derive(Debug, Clone)]
pub(crate) struct Listener {
    pub(crate) listen: SocketAddr,
    pub(crate) tls: Option<Tls>,
}

/// How the process talks about itself.
#[derive(Debug, Clone)]
pub(crate) struct Telemetry {
    /// Where metrics and health are served.
    pub(crate) listen: SocketAddr,
    /// What is logged, in `tracing`'s syntax.
    pub(crate) log: String,
    pub(crate) format: Format,
}

/// All of them.
#[derive(Debug, Clone)]
pub(crate) struct Listeners {
    pub(crate) http: Listener,
    pub(crate) grpc: Listener,
    pub(crate) telemetry: Telemetry,
}

impl Listeners {
    pub(super) fn read(root: &Section<'_>, overrides: &Overrides) -> Self {
        let telemetry = root.section("Telemetry");
        Self {
            http: listener(&root.section("Http"), overrides.listen, 5_000),
            grpc: listener(&root.section("Grpc"), overrides.grpc_listen, 5_001),
            telemetry: Telemetry {
                // A free port, so that two processes can run side by side; the `ready` line names it.
                listen: address(&telemetry, "Listen").unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
                log: telemetry.filled("Log").unwrap_or_else(|| "info".to_owned()),
                format: telemetry.choice("LogFormat", &[("Text", Format::Text), ("Json", Format::Json)]).unwrap_or(Format::Text),
            },
        }
    }
}

fn listener(section: &Section<'_>, over: Option<SocketAddr>, port: u16) -> Listener {
    let said = address(section, "Listen");
    let tls = section.section("Tls");
    let (certificate, key) = (tls.filled("CertificatePath"), tls.filled("KeyPath"));
    let tls = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(Tls { certificate: certificate.into(), key: key.into() }),
        (None, None) => None,
        (Some(_), None) => {
            tls.problem("KeyPath", "a certificate is given, and no key");
            None
        }
        (None, Some(_)) => {
            tls.problem("CertificatePath", "a key is given, and no certificate");
            None
        }
    };
    Listener { listen: over.or(said).unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, port))), tls }
}

fn address(section: &Section<'_>, key: &str) -> Option<SocketAddr> {
    let text = section.filled(key)?;
    match text.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            section.problem(key, format!("{text:?} is not an address and port such as 127.0.0.1:5000"));
            None
        }
    }
}
