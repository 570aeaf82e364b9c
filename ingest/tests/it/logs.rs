//! What logs say, and what they must never show.

mod lines;
mod paths;
mod tls_paths;

use crate::sign::{SECRET, hex, mac, signature, standard_base64};

const NEXT_SECRET: &str = "the secret that comes after it";
const ACCEPTED: [&str; 4] = [
    r#"{"event":"account.created","account_id":"a1b2c3","origin_owner_name":"Jane Roe"}"#,
    r#"{"event":"hris_employees.created","account_id":"a1b2c3","origin_username":"Jane Roe"}"#,
    r#"{"event":"account.created","account_id":"a1b2c3","project_id":"other","origin_owner_id":"Jane Roe"}"#,
    "origin_username: Jane Roe",
];

/// That each of `paths` was logged, and on no path what nobody may read: what bodies and heads say,
/// secrets, signatures that were expected or given, and `more`.
fn show_paths_and_nothing_else(logs: &str, paths: &[&str], more: &[String]) {
    for path in paths {
        assert!(logs.contains(path), "{path} is not in the logs");
    }
    let mut hidden: Vec<String> = ["whatever", "Jane Roe", "a1b2c3", SECRET, NEXT_SECRET]
        .map(str::to_owned)
        .into();
    hidden.extend_from_slice(more);
    for secret in [SECRET, NEXT_SECRET, "another"] {
        for body in ACCEPTED.iter().chain(&[""]) {
            let mac = mac(secret, body.as_bytes());
            let signature = signature(secret, body.as_bytes());
            hidden.extend([hex(&mac), standard_base64(&mac), signature]);
        }
    }
    for hidden in hidden {
        let line = logs.lines().find(|line| line.contains(&hidden));
        assert_eq!(line, None, "{hidden}");
    }
}
