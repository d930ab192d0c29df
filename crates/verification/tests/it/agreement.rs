//! Both verifiers under the same settings, compared.

use model::{HashAlgorithm, Refusal};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use time::OffsetDateTime;
use verification::{Mode, Settings, SignerKind, TrustRoots, TrustedSigner, verify};

/// The shared material and what the settings are made of.
pub(crate) struct Material {
    pub(crate) shared: PathBuf,
    sdk: TrustRoots,
    fingerprints: BTreeMap<String, String>,
}

impl Material {
    pub(crate) fn read() -> Option<Self> {
        let shared = testkit::shared()?;
        let folder = Command::new(shared.join("tools/trustedroots")).output().unwrap();
        let folder = PathBuf::from(String::from_utf8(folder.stdout).unwrap().trim());
        let text = |path: &Path| std::fs::read_to_string(path).unwrap();
        let sdk = TrustRoots::from_folder_contents(&text(&folder.join("codesignctl.pem")), &text(&folder.join("timestampctl.pem")));
        let fingerprints = text(&shared.join("corpus/pki/fingerprints.txt"))
            .lines()
            .map(|line| line.split_once(' ').unwrap())
            .map(|(fingerprint, name)| (name.trim().to_owned(), fingerprint.to_owned()))
            .collect();
        Some(Self { shared, sdk, fingerprints })
    }

    pub(crate) fn pki(&self, name: &str) -> PathBuf {
        self.shared.join("corpus/pki").join(name)
    }

    pub(crate) fn fingerprint(&self, name: &str) -> String {
        self.fingerprints[name].clone()
    }

    /// Settings by judge's own words.
    pub(crate) fn settings(&self, words: &[String]) -> Settings {
        let mut settings =
            Settings { mode: Mode::Command, trusted: Vec::new(), fingerprints: Vec::new(), roots: self.sdk.clone(), now: now() };
        let mut owners = Vec::new();
        for pair in words.chunks(2) {
            let [option, value] = pair else { panic!("{words:?}") };
            let signer = |kind| {
                let (fingerprint, rest) = value.split_once(',').unwrap_or((value, ""));
                TrustedSigner {
                    kind,
                    fingerprint: fingerprint.to_owned(),
                    algorithm: HashAlgorithm::Sha256,
                    allow_untrusted_root: rest == "untrusted-root",
                    owners: Vec::new(),
                }
            };
            match option.as_str() {
                "--root" => settings.roots.add_pem(&std::fs::read_to_string(value).unwrap()),
                "--mode" => {
                    settings.mode = match value.as_str() {
                        "accept" => Mode::Accept,
                        "feed" => Mode::Feed,
                        "require" => Mode::Require,
                        _ => Mode::Command,
                    }
                }
                "--trusted-repository" => settings.trusted.push(signer(SignerKind::Repository)),
                "--trusted-author" => settings.trusted.push(signer(SignerKind::Author)),
                "--owner" => owners.push(value.clone()),
                "--fingerprint" => settings.fingerprints.push(value.clone()),
                other => panic!("{other}"),
            }
        }
        for signer in &mut settings.trusted {
            if signer.kind == SignerKind::Repository {
                signer.owners.clone_from(&owners);
            }
        }
        settings
    }

    /// The settings of `corpus/verdicts.py` and of `corpus/edge/README.md`, in judge's words.
    pub(crate) fn named(&self, edge: bool) -> Vec<(&'static str, Vec<String>)> {
        let path = |name: &str| self.pki(name).to_str().unwrap().to_owned();
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let (ours, author) = (self.fingerprint("repository"), self.fingerprint("author"));
        let root = words(&["--root", &path("root.pem")]);
        if edge {
            let with = |list: &[&str]| [words(list), root.clone()].concat();
            return vec![
                ("command", root.clone()),
                ("accept", with(&["--mode", "accept"])),
                ("require", with(&["--mode", "require", "--trusted-repository", &ours, "--trusted-author", &author])),
                ("feed", with(&["--mode", "feed", "--trusted-repository", &ours])),
            ];
        }
        let roots = [root, words(&["--root", &path("other-root.pem")])].concat();
        let with = |list: &[&str]| [words(list), roots.clone()].concat();
        let nuget = NUGET_ORG.iter().flat_map(|f| words(&["--trusted-repository", f])).collect::<Vec<_>>();
        vec![
            ("command", Vec::new()),
            ("command-roots", roots.clone()),
            ("accept-roots", with(&["--mode", "accept"])),
            ("feed-ours", with(&["--mode", "feed", "--trusted-repository", &ours])),
            ("require-ours", with(&["--mode", "require", "--trusted-repository", &ours])),
            ("require-ours-acme", with(&["--mode", "require", "--trusted-repository", &ours, "--owner", "acme"])),
            ("require-ours-untrusted-root", words(&["--mode", "require", "--trusted-repository", &format!("{ours},untrusted-root")])),
            ("require-author", with(&["--mode", "require", "--trusted-author", &author])),
            ("require-nuget.org", [words(&["--mode", "require"]), nuget].concat()),
        ]
    }
}

/// What one of them says, in a form that can be compared: whether it is taken, signed, and the codes; or only that it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Verdict { valid: bool, signed: bool, codes: Vec<String>, content_hash: Option<String> },
    Failed,
}

pub(crate) fn ours(path: &Path, settings: &Settings) -> (Answer, Option<Refusal>) {
    let bytes = std::fs::read(path).unwrap();
    let verdict = verify(&bytes, settings);
    let answer = match &verdict.error {
        Some(_) => Answer::Failed,
        None => Answer::Verdict {
            valid: verdict.valid,
            signed: verdict.signed,
            codes: verdict.codes(),
            content_hash: verdict.content_hash.clone(),
        },
    };
    (answer, verdict.error)
}

/// Reads an answer of NuGet's. An answer in a list of golden ones has no content hash.
pub(crate) fn theirs(answer: &Value) -> Answer {
    if answer.get("error").is_some() {
        assert_eq!(answer["valid"], false);
        return Answer::Failed;
    }
    Answer::Verdict {
        valid: answer["valid"].as_bool().unwrap(),
        signed: answer["signed"].as_bool().unwrap(),
        codes: answer["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect(),
        content_hash: answer["contentHash"].as_str().filter(|hash| !hash.starts_with("error")).map(str::to_owned),
    }
}

impl Answer {
    pub(crate) fn without_hash(self) -> Self {
        match self {
            Self::Verdict { valid, signed, codes, .. } => Self::Verdict { valid, signed, codes, content_hash: None },
            Self::Failed => Self::Failed,
        }
    }
}

pub(crate) fn now() -> OffsetDateTime {
    std::time::SystemTime::now().into()
}

const NUGET_ORG: [&str; 3] = [
    "0E5F38F57DC1BCC806D8494F4F90FBCEDD988B46760709CBEEC6F4219AA6157D",
    "5A2901D6ADA3D18260B9C6DFE2133C95D74B9EEF6AE0E5DC334C8454D1477DF4",
    "1F4B311D9ACC115C8DC8018B5A49E00FCE6DA8E2855F9F014CA6F34570BC482D",
];
