//! Numbers of things, as English has them.

/// `1 account`, `2 accounts`.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        let all = [0, 1, 2].map(|count| counted(count, "account"));
        assert_eq!(all, ["0 accounts", "1 account", "2 accounts"]);
    }
}
