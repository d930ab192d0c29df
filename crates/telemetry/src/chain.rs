//! An error with its causes, joined once, where it is logged.

use std::error::Error;

/// Most causes that are joined.
const CAUSES_MAX: usize = 16;

/// `error: cause: its cause`, each level saying only its own part.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    for _ in 0..CAUSES_MAX {
        let Some(next) = cause else { break };
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the file cannot be read")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn joins_causes_outermost_first() {
        let error = Outer(std::io::Error::other("disk gone"));
        assert_eq!(chain(&error), "the file cannot be read: disk gone");
    }
}
