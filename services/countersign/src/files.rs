//! Package files on the command line: opened for reading at random, written whole or not at all.

use anyhow::{Context as _, Result, bail};
use model::{Segment, Splice};
use nupkg::FileSource;
use std::fs::{File, Permissions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Opens a package file.
pub(crate) fn open(path: &Path) -> Result<(File, FileSource)> {
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let source = FileSource::new(file.try_clone()?)?;
    Ok((file, source))
}

/// The names of `files` below `out`, which is made when it is not there. Two files of one name, or a file that would be its own result,
/// are refused before anything is written.
pub(crate) fn results(files: &[PathBuf], out: &Path) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    let mut results: Vec<PathBuf> = Vec::with_capacity(files.len());
    for file in files {
        let Some(name) = file.file_name() else { bail!("{} names no file", file.display()) };
        let result = out.join(name);
        if results.contains(&result) {
            bail!("two of the files are called {}", name.display());
        }
        if result.exists() && result.canonicalize()? == file.canonicalize().unwrap_or_default() {
            bail!("{} would be written over; choose another --out", file.display());
        }
        results.push(result);
    }
    Ok(results)
}

/// Writes what `splice` describes over `source` to `path`: into a file beside it, which takes its place when it is whole.
pub(crate) fn write(source: &mut File, splice: &Splice, path: &Path) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut out = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .with_context(|| format!("nothing can be written below {}", folder.display()))?;
    for segment in splice.segments() {
        match segment {
            Segment::Blob { offset, len } => {
                source.seek(SeekFrom::Start(*offset))?;
                // The standard library copies between files inside the kernel.
                let copied = std::io::copy(&mut (&*source).take(*len), out.as_file_mut())?;
                if copied != *len {
                    bail!("the source ended early; {} was not written", path.display());
                }
            }
            Segment::Literal(bytes) => out.write_all(bytes)?,
        }
    }
    out.as_file().sync_all()?;
    out.persist(path).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(())
}
