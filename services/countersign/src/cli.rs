//! The command line. The doc comments are the manual: `countersign help VERB` prints them.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Puts a repository signature on every NuGet package of a private feed.
///
/// Start with `countersign serve`: a feed that signs, on this machine, with no configuration at all. It prints one line when it is
/// ready; push with `dotnet nuget push` or `curl`, restore with `dotnet restore`.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Runs the whole service in one process: ingest, worker and front.
    ///
    /// With no configuration: a SQLite database, packages and a self-signed certificate in the data folder, listening on loopback.
    /// When everything is up, one line goes to standard output:
    ///
    ///   ready http=URL grpc=URL data=DIR metrics=URL
    ///
    /// Logs go to standard error. SIGTERM or SIGINT: no new work is taken, jobs in hand are finished or handed back, exit code 0.
    Serve(Serve),
    /// Signs package files: a repository signature, or with --type author an author's.
    ///
    /// An author-signed package gets a repository countersignature; the author's signature stays as it is. What NuGet's signer refuses is
    /// refused with its code (NU3006, NU3032, …). A root that nobody here trusts is a warning; every other fault of the certificate's chain
    /// is NU3018. A refused file writes nothing. Exit code 0: all signed; 1: some refused; 2: the command line or a file is wrong.
    Sign(Sign),
    /// Cuts the repository signature out of package files, byte-exactly.
    ///
    /// A repository primary leaves the unsigned package, a repository countersignature the author's. Author only: "nothing to cut",
    /// exit code 1; unsigned: NU3000, exit code 1.
    Unsign(Unsign),
    /// Says what the official NuGet client would say of package files, code for code.
    ///
    /// Exit code 0: all valid; 1: some not; 2: the command line is wrong or a file is missing. Revocation is not asked, nothing is fetched.
    Verify(Verify),
    /// Shows what signatures package files carry: type, certificates, time-stamps, owners, hashes. Judges nothing.
    Inspect(Inspect),
    /// Shows what the feed knows of a package.
    Package(PackageCommand),
    /// Lists the certificates that sign, or takes one out of the published list.
    Certificate(CertificateCommand),
    /// Brings the database up to this version's schema, and says which that is. `serve` does the same when it starts.
    Migrate(Common),
    /// Reads and checks the configuration, starts nothing. Exit code 0 when it is fine; else 1, and every fault is named.
    CheckConfig(Common),
}

/// Where configuration and data are.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Configuration file (JSON). Default: countersign.json, when it is there. Every key can be given by environment too, for instance
    /// Signing__SelfSigned__KeySize=KeySize3072.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder of database, packages and keys. Default: countersign-data.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Where HTTP listens. Default: 127.0.0.1:5000 or Http:Listen. Port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where gRPC listens. Default: 127.0.0.1:5001 or Grpc:Listen. Port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) grpc_listen: Option<SocketAddr>,
}

/// Which kind of signature `sign` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// A repository's: primary, or a countersignature on an author's.
    Repository,
    /// An author's; on unsigned packages alone.
    Author,
}

/// `sign`.
#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// PFX file with certificate, chain and private key.
    #[arg(long, value_name = "FILE", required_unless_present = "config", conflicts_with = "config")]
    pub(crate) pfx: Option<PathBuf>,
    /// File whose first line is the PFX's password. Without it the password is empty.
    #[arg(long, value_name = "FILE", requires = "pfx")]
    pub(crate) password_file: Option<PathBuf>,
    /// Sign with the provider of this configuration instead of a PFX.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Data folder of that configuration. Default: countersign-data.
    #[arg(long, value_name = "DIR", requires = "config")]
    pub(crate) data: Option<PathBuf>,
    /// Root certificate (PEM) to trust for the signing certificate and the time-stamping authority. Repeatable.
    #[arg(long = "root", value_name = "PEM")]
    pub(crate) roots: Vec<PathBuf>,
    /// Kind of signature.
    #[arg(long = "type", value_enum, default_value = "repository")]
    pub(crate) kind: Kind,
    /// Service index (https) that the signature names; a repository signature needs one.
    #[arg(long, value_name = "URL")]
    pub(crate) service_index: Option<String>,
    /// Owner that the signature names. Repeatable.
    #[arg(long = "owner", value_name = "NAME")]
    pub(crate) owners: Vec<String>,
    /// Hash algorithm: SHA256, SHA384 or SHA512. Default: what the configuration says, else SHA256.
    #[arg(long, value_name = "NAME")]
    pub(crate) hash: Option<String>,
    /// RFC 3161 time-stamping authority; "" (the default with --pfx) for none, the configuration's with --config.
    #[arg(long, value_name = "URL")]
    pub(crate) timestamp_url: Option<String>,
    /// Folder for the signed packages; made when it is not there. They keep their names.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// Packages.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// `unsign`.
#[derive(Debug, Args)]
pub(crate) struct Unsign {
    /// Folder for the results; made when it is not there. They keep their names.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// Packages.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// Whose rules `verify` applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyMode {
    /// Those of `dotnet nuget verify`.
    Command,
    /// Those of a restore by default (signatureValidationMode accept).
    Accept,
    /// Those of a restore from a feed that says allRepositorySigned.
    Feed,
    /// Those of a restore with signatureValidationMode require.
    Require,
}

/// `verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// One JSON object a line instead of text: file, valid, signed, codes, contentHash, …
    #[arg(long)]
    pub(crate) json: bool,
    /// Whose rules.
    #[arg(long, value_enum, default_value = "command")]
    pub(crate) mode: VerifyMode,
    /// Root certificate (PEM) to trust beside the others, for signing and time-stamping. Repeatable.
    #[arg(long = "root", value_name = "PEM")]
    pub(crate) roots: Vec<PathBuf>,
    /// Trust the roots of --root alone.
    #[arg(long)]
    pub(crate) only_root: bool,
    /// Folder of root bundles as the .NET SDK has them (codesignctl.pem, timestampctl.pem). Default: the machine's roots.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) trusted_roots: Option<PathBuf>,
    /// Trusted repository: SHA-256 fingerprint of its certificate; `,untrusted-root` behind it allows an unknown root. Repeatable.
    #[arg(long = "trusted-repository", value_name = "HEX[,untrusted-root]")]
    pub(crate) trusted_repositories: Vec<String>,
    /// Trusted author, in the same form. Repeatable.
    #[arg(long = "trusted-author", value_name = "HEX[,untrusted-root]")]
    pub(crate) trusted_authors: Vec<String>,
    /// Owner that a trusted repository's signature must name. Repeatable.
    #[arg(long = "owner", value_name = "NAME")]
    pub(crate) owners: Vec<String>,
    /// Fingerprint that the primary signature's certificate must have. Repeatable: any of them.
    #[arg(long = "fingerprint", value_name = "HEX")]
    pub(crate) fingerprints: Vec<String>,
    /// Packages; `-` reads one path a line from standard input.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<String>,
}

/// `inspect`.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// One JSON object a line instead of text.
    #[arg(long)]
    pub(crate) json: bool,
    /// Packages.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// `package`.
#[derive(Debug, Args)]
pub(crate) struct PackageCommand {
    #[command(subcommand)]
    pub(crate) verb: PackageVerb,
}

/// What can be asked about packages.
#[derive(Debug, Subcommand)]
pub(crate) enum PackageVerb {
    /// Shows one package: state and reason, digests, blobs, certificate.
    Show {
        #[command(flatten)]
        common: Common,
        /// Package id, in any case.
        #[arg(value_name = "ID")]
        id: String,
        /// Version, normalised or not.
        #[arg(id = "package-version", value_name = "VERSION")]
        version: String,
        /// One JSON object with every field, null where there is nothing.
        #[arg(long)]
        json: bool,
    },
}

/// `certificate`.
#[derive(Debug, Args)]
pub(crate) struct CertificateCommand {
    #[command(subcommand)]
    pub(crate) verb: CertificateVerb,
}

/// What can be done with certificates.
#[derive(Debug, Subcommand)]
pub(crate) enum CertificateVerb {
    /// Lists every certificate that signs or has signed.
    List {
        #[command(flatten)]
        common: Common,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Takes a certificate out of the list that clients are given. Refused while a listed package needs it.
    Deactivate {
        #[command(flatten)]
        common: Common,
        /// SHA-256 fingerprint, in either case.
        fingerprint: String,
        /// Even though listed packages need it: clients will refuse those.
        #[arg(long)]
        force: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
