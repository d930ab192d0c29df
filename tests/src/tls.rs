//! Certificates for an https listener on localhost, made by OpenSSL.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Files of a certificate for `localhost`, and of the authority that made it.
#[derive(Debug)]
pub struct TlsFiles {
    /// The authority's certificate.
    pub authority: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The server's key.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Makes them in `folder`.
    pub fn make(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder can be made");
        let openssl = |words: &str| {
            let done = Command::new("openssl").args(words.split_whitespace()).current_dir(folder).output().expect("openssl starts");
            assert!(done.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&done.stderr));
        };
        openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 3 -keyout authority.key -out authority.pem -subj /CN=authority \
             -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign",
        );
        openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost");
        let extensions = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n";
        std::fs::write(folder.join("extensions"), extensions).expect("a file can be written");
        openssl(
            "x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 3 -extfile extensions -out server.pem",
        );
        Self { authority: folder.join("authority.pem"), certificate: folder.join("server.pem"), key: folder.join("server.key") }
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port()
}
