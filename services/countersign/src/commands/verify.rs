//! `countersign verify`: what the official client would say, code for code.

use super::USAGE;
use crate::cli::{Verify, VerifyMode};
use crate::system_clock::SystemClock;
use crate::trust;
use anyhow::{Context as _, Result, bail};
use model::{Clock as _, HashAlgorithm};
use serde_json::json;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use verification::{Mode, Settings, SignerKind, TrustRoots, TrustedSigner, Verdict};

pub(crate) fn run(words: &Verify) -> Result<ExitCode> {
    let settings = match settings(words) {
        Ok(settings) => settings,
        Err(error) => return Ok(usage(&error)),
    };
    let mut worst = Outcome::Valid;
    for word in &words.files {
        if word == "-" {
            for line in std::io::stdin().lock().lines() {
                let line = line.context("standard input cannot be read")?;
                if !line.trim().is_empty() {
                    worst = worst.max(one(&line, words.json, &settings)?);
                }
            }
        } else {
            worst = worst.max(one(word, words.json, &settings)?);
        }
    }
    Ok(match worst {
        Outcome::Valid => ExitCode::SUCCESS,
        Outcome::NotValid => ExitCode::FAILURE,
        Outcome::Missing => ExitCode::from(USAGE),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Valid,
    NotValid,
    Missing,
}

fn usage(error: &anyhow::Error) -> ExitCode {
    eprintln!("countersign: {error:#}");
    ExitCode::from(USAGE)
}

/// Verifies one file and says so at once.
fn one(file: &str, as_json: bool, settings: &Settings) -> Result<Outcome> {
    let source = match crate::files::open(Path::new(file)) {
        Ok((_, source)) => source,
        Err(error) => {
            eprintln!("countersign: {error:#}");
            return Ok(Outcome::Missing);
        }
    };
    // Each file is verified at the moment it is looked at, as a client would.
    let verdict = verification::verify(&source, settings);
    let text = if as_json { as_one_object(file, &verdict) } else { for_people(file, &verdict) };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context("the answer cannot be written")?;
    Ok(if verdict.valid { Outcome::Valid } else { Outcome::NotValid })
}

fn as_one_object(file: &str, verdict: &Verdict) -> String {
    let issues: Vec<_> = verdict
        .issues
        .iter()
        .map(|i| json!({"code": i.code.to_string(), "level": if i.level == verification::Level::Error { "error" } else { "warning" }, "message": i.message}))
        .collect();
    json!({
        "file": file,
        "valid": verdict.valid,
        "signed": verdict.signed,
        "codes": verdict.codes(),
        "contentHash": verdict.content_hash,
        "issues": issues,
        "error": verdict.error.as_ref().map(|e| e.code.as_str()),
        "reason": verdict.error.as_ref().map(ToString::to_string),
        "notes": verdict.notes,
    })
    .to_string()
}

fn for_people(file: &str, verdict: &Verdict) -> String {
    let mut lines = vec![format!("{file}: {}", if verdict.valid { "valid" } else { "NOT valid" })];
    if let Some(error) = &verdict.error {
        lines.push(format!("  error    {}: {error}", error.code));
    }
    for issue in &verdict.issues {
        let level = if issue.level == verification::Level::Error { "error  " } else { "warning" };
        lines.push(format!("  {level}  {}: {}", issue.code, issue.message));
    }
    lines.extend(verdict.notes.iter().map(|note| format!("  note     {note}")));
    lines.join("\n")
}

/// What the options come to; any fault in them is one of usage.
fn settings(words: &Verify) -> Result<Settings> {
    let mut roots = match (&words.trusted_roots, words.only_root) {
        (_, true) => TrustRoots::default(),
        (Some(folder), false) => trust::from_folder(folder)?,
        (None, false) => trust::of_the_machine(),
    };
    trust::add_files(&mut roots, &words.roots)?;
    let mut trusted = Vec::new();
    for word in &words.trusted_repositories {
        trusted.push(signer(word, SignerKind::Repository, &words.owners)?);
    }
    for word in &words.trusted_authors {
        trusted.push(signer(word, SignerKind::Author, &[])?);
    }
    Ok(Settings {
        mode: match words.mode {
            VerifyMode::Command => Mode::Command,
            VerifyMode::Accept => Mode::Accept,
            VerifyMode::Feed => Mode::Feed,
            VerifyMode::Require => Mode::Require,
        },
        trusted,
        fingerprints: words.fingerprints.clone(),
        roots,
        now: SystemClock.now(),
    })
}

/// `HEX` or `HEX,untrusted-root`.
fn signer(word: &str, kind: SignerKind, owners: &[String]) -> Result<TrustedSigner> {
    let mut parts = word.split(',');
    let fingerprint = parts.next().unwrap_or_default().to_owned();
    let mut allow_untrusted_root = false;
    for option in parts {
        if option != "untrusted-root" {
            bail!("{word:?}: {option:?} is not untrusted-root");
        }
        allow_untrusted_root = true;
    }
    Ok(TrustedSigner { kind, fingerprint, algorithm: HashAlgorithm::Sha256, allow_untrusted_root, owners: owners.to_vec() })
}
