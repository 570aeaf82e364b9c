//! Writes errors with their causes for people. Pure.

use std::error::Error;

/// Returns an error and its causes in one line. A cause whose text was written already is left out.
#[must_use]
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let says = cause.to_string();
        if !line.contains(&says) {
            line = format!("{line}: {says}");
        }
        source = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{says}")]
    struct Outer {
        says: &'static str,
        source: io::Error,
    }

    #[test]
    fn a_cause_is_told_once() {
        let told = |says| {
            let source = io::Error::other("no route");
            with_causes(&Outer { says, source })
        };
        assert_eq!(told("not asked"), "not asked: no route");
        assert_eq!(told("not asked: no route"), "not asked: no route");
    }
}
