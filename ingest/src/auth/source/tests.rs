use std::collections::HashMap;

use super::*;
use crate::config::{SecretSettings, SourceSettings};

fn secret(name: &str, variable: &str) -> SecretSettings {
    SecretSettings {
        name: name.to_owned(),
        file: None,
        env: Some(variable.to_owned()),
    }
}

fn source(secrets: Vec<SecretSettings>) -> SourceSettings {
    SourceSettings {
        name: "default".to_owned(),
        project_id: None,
        secrets,
    }
}

#[test]
fn while_secrets_rotate_either_signs_and_the_one_that_did_is_named() {
    let environment = HashMap::from([
        ("OLD".to_owned(), "another".to_owned()),
        ("NEW".to_owned(), "test-secret".to_owned()),
    ]);
    let settings = [source(vec![secret("old", "OLD"), secret("new", "NEW")])];
    let sources = Sources::resolve(&settings, &environment).unwrap();
    let default = sources.get("default").unwrap();
    // The vector of StackOne's webhook guide that Node and Python agree on.
    let body = br#"{"event":"account.created"}"#;
    let good = Claim::parse(b"_WI8uc_vC2i-RhCphYdJY-NStZ6eCXnAXquTdqMrSP0").unwrap();
    assert_eq!(
        default.verify(body, &good),
        Verdict::Authentic { secret: "new" }
    );
    assert_eq!(default.verify(b"{}", &good), Verdict::Forged);
    let padded = Claim::parse(b"_WI8uc_vC2i-RhCphYdJY-NStZ6eCXnAXquTdqMrSP0=").unwrap();
    assert_eq!(default.verify(body, &padded), Verdict::WrongEncoding);
    assert_eq!(default.verify(b"{}", &padded), Verdict::Forged);
}

#[test]
fn every_secret_that_is_missing_is_named() {
    let settings = [source(vec![secret("old", "OLD"), secret("new", "NEW")])];
    let problems = Sources::resolve(&settings, &HashMap::new()).unwrap_err();
    assert_eq!(problems.len(), 2);
    let first = problems[0].to_string();
    assert!(
        first.starts_with("sources.default.secrets: old: "),
        "{first}"
    );
}

#[test]
fn renewed_sources_are_what_the_settings_say_and_what_cannot_be_read_stays() {
    let environment = HashMap::from([
        ("OLD".to_owned(), "test-secret".to_owned()),
        ("NEW".to_owned(), "another".to_owned()),
    ]);
    let settings = [source(vec![secret("old", "OLD"), secret("new", "NEW")])];
    let first = Sources::resolve(&settings, &environment).unwrap();
    let (same, unreadable) = first.renewed(&settings, &environment);
    assert!(first.is_same(&same) && unreadable.is_empty());

    let only_new = HashMap::from([("NEW".to_owned(), "changed".to_owned())]);
    let (renewed, unreadable) = first.renewed(&settings, &only_new);
    assert!(!first.is_same(&renewed));
    assert_eq!(unreadable.len(), 1);
    assert_eq!(unreadable[0].secret, "old");
    let body = br#"{"event":"account.created"}"#;
    let good = Claim::parse(b"_WI8uc_vC2i-RhCphYdJY-NStZ6eCXnAXquTdqMrSP0").unwrap();
    let kept = renewed.get("default").unwrap().verify(body, &good);
    assert_eq!(kept, Verdict::Authentic { secret: "old" });

    let (revoked, _) = renewed.renewed(&[source(vec![secret("new", "NEW")])], &only_new);
    let gone = revoked.get("default").unwrap().verify(body, &good);
    assert_eq!(gone, Verdict::Forged);
}
