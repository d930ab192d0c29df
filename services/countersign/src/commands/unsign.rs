//! `countersign unsign`: cuts the repository signature out of files.

use super::USAGE;
use crate::cli::Unsign;
use crate::files;
use anyhow::Result;
use nupkg::{Layout, Limits};
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(words: &Unsign) -> Result<ExitCode> {
    let results = match files::results(&words.files, &words.out) {
        Ok(results) => results,
        Err(error) => {
            eprintln!("countersign: {error:#}");
            return Ok(ExitCode::from(USAGE));
        }
    };
    let mut worst = ExitCode::SUCCESS;
    for (file, result) in words.files.iter().zip(&results) {
        if !file.is_file() {
            eprintln!("countersign: there is no file {}", file.display());
            return Ok(ExitCode::from(USAGE));
        }
        if let Err(error) = one(file, result) {
            eprintln!("countersign: {}: {error:#}", file.display());
            worst = ExitCode::FAILURE;
        }
    }
    Ok(worst)
}

fn one(file: &Path, result: &Path) -> Result<()> {
    let (mut opened, source) = files::open(file)?;
    let limits = Limits::default();
    let layout = Layout::read(&source, &limits).map_err(|e| e.to_refusal())?;
    let signature = if layout.is_signed() { Some(layout.signature_bytes(&source, &limits).map_err(|e| e.to_refusal())?) } else { None };
    let splice = signing::unsign(&layout, signature.as_deref()).map_err(|e| e.to_refusal())?;
    files::write(&mut opened, &splice, result)
}
