//! Counts of things with the English singular or plural.

use std::fmt::Display;

/// Writes `1 account` or `2 accounts`.
#[must_use]
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, thing: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        let all = [0_u64, 1, 2].map(|count| counted(count, "account"));
        assert_eq!(all, ["0 accounts", "1 account", "2 accounts"]);
    }
}
