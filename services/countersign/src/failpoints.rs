//! Fail points, armed from outside: only in a build with the feature `failpoints`, which no release has.
//!
//! `COUNTERSIGN_FAILPOINTS=storage.adopt.linked=fail,worker.claimed=abort` arms points; `COUNTERSIGN_FAILPOINTS=list` prints the name of
//! every point there is, and ends.

use anyhow::{Context as _, Result, bail};
use std::io::Write as _;
use storage::failpoint::Action;

const VARIABLE: &str = "COUNTERSIGN_FAILPOINTS";

/// Arms what the environment names. True when it asked for the list, which is printed then.
pub(crate) fn arm() -> Result<bool> {
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    let Ok(said) = std::env::var(VARIABLE) else { return Ok(false) };
    if said == "list" {
        let mut out = std::io::stdout().lock();
        for point in all() {
            writeln!(out, "{point}")?;
        }
        return Ok(true);
    }
    for word in said.split(',').filter(|word| !word.is_empty()) {
        let (point, action) = word.split_once('=').context("a fail point is spelled NAME=ACTION")?;
        let action = match action {
            "abort" => Action::Abort,
            "fail" => Action::Fail,
            _ => bail!("{VARIABLE}: {action:?} is neither \"abort\" nor \"fail\""),
        };
        if !all().any(|known| known == point) {
            bail!("{VARIABLE}: there is no fail point {point:?}");
        }
        storage::failpoint::arm(point, Some(action));
        if action == Action::Abort {
            keys::failpoint::arm(point);
        }
    }
    Ok(false)
}

fn all() -> impl Iterator<Item = &'static str> {
    let points = [storage::failpoint::POINTS, intake::failpoint::POINTS, keys::failpoint::POINTS, worker::POINTS, front::FAIL_POINTS];
    points.into_iter().flatten().copied()
}
