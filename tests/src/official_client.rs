//! The official client, in a folder of its own.

use crate::TlsFiles;
use std::path::{Path, PathBuf};
use std::process::Command;

/// `tools/dotnet` with its own home, packages folder and configuration.
#[derive(Debug)]
pub struct OfficialClient {
    tool: PathBuf,
    folder: PathBuf,
    authorities: Option<PathBuf>,
}

/// What the client said.
#[derive(Debug)]
pub struct Said {
    /// The command.
    pub words: String,
    /// Whether it ended with 0.
    pub ok: bool,
    /// Both of its streams.
    pub text: String,
}

impl Said {
    /// It must have succeeded.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert!(self.ok, "dotnet {}: {}", self.words, self.text);
        self
    }

    /// It must have failed, and said so in these words.
    #[track_caller]
    pub fn fails_with(self, words: &str) -> Self {
        assert!(!self.ok, "dotnet {} should fail: {}", self.words, self.text);
        self.says(words)
    }

    /// It must have said this.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.text.contains(words), "dotnet {} should say {words:?}: {}", self.words, self.text);
        self
    }
}

impl OfficialClient {
    /// One in `folder`, which trusts the authority of `tls` for https; `None` (with the reason printed) when there is no client.
    pub fn new(folder: &Path, tls: Option<&TlsFiles>) -> Option<Self> {
        let tool = testkit::shared()?.join("tools/dotnet");
        std::fs::create_dir_all(folder).expect("a folder can be made");
        Some(Self { tool, folder: folder.to_path_buf(), authorities: tls.map(|t| t.authority.clone()) })
    }

    /// Where it works.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes its configuration: one source named `ours`.
    pub fn configure(&self, source: &str, attributes: &str, settings: &str, trusted_signers: &str) {
        let text = format!(
            "<configuration><config>{settings}</config><packageSources><clear/>\
             <add key=\"ours\" value=\"{source}\" protocolVersion=\"3\" {attributes}/></packageSources>{trusted_signers}</configuration>"
        );
        std::fs::write(self.folder.join("nuget.config"), text).expect("a file can be written");
    }

    /// Writes a project that references these packages.
    pub fn project(&self, references: &[(&str, &str)]) {
        let references: String =
            references.iter().map(|(id, version)| format!("<PackageReference Include=\"{id}\" Version=\"{version}\"/>")).collect();
        let text = format!(
            "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFramework>netstandard2.0</TargetFramework>\
             <DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences></PropertyGroup><ItemGroup>{references}</ItemGroup></Project>"
        );
        std::fs::write(self.folder.join("project.csproj"), text).expect("a file can be written");
    }

    /// Forgets every package it has.
    pub fn forget(&self) {
        for name in ["packages", "obj"] {
            let _absent = std::fs::remove_dir_all(self.folder.join(name));
        }
    }

    /// Whether a package is in its packages folder.
    pub fn has(&self, id: &str, version: &str) -> bool {
        self.folder.join("packages").join(id.to_lowercase()).join(version).join(".nupkg.metadata").exists()
    }

    /// Runs it; ended after three minutes.
    pub fn run(&self, words: &[&str]) -> Said {
        let mut command = Command::new("timeout");
        command.arg("180").arg(&self.tool).args(words).current_dir(&self.folder);
        command.env("HOME", &self.folder).env("NUGET_PACKAGES", self.folder.join("packages"));
        if let Some(authorities) = &self.authorities {
            command.env("SSL_CERT_FILE", authorities);
        }
        let done = command.output().expect("the official client starts");
        let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        Said { words: words.join(" "), ok: done.status.success(), text }
    }
}
