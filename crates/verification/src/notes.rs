//! What is untidy about an archive though NuGet does not mind (spec 1.11, column V).

use nupkg::{Layout, Limits, ReadAt};

/// A sentence for each thing that we would refuse to sign. Empty when the archive is tidy, or cannot be read at all.
pub(crate) fn notes(source: &dyn ReadAt) -> Vec<String> {
    let limits = Limits::default();
    let Ok(layout) = Layout::read(source, &limits) else { return Vec::new() };
    let mut out = Vec::new();
    if let Err(error) = layout.check_signable(source, &limits) {
        out.push(error.to_string());
    }
    if let Err(error) = layout.check_local_headers(source) {
        let note = error.to_string();
        if !out.contains(&note) {
            out.push(note);
        }
    }
    out
}
