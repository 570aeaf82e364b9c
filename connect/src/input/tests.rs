use super::*;

fn origins() -> Vec<Url> {
    ["https://app.example.com", "http://localhost:3000"]
        .map(|origin| origin.parse().unwrap())
        .into()
}

fn is_valid(change: impl FnOnce(&mut NewSession)) -> bool {
    let mut new = NewSession::default();
    change(&mut new);
    new.check(&origins()).is_ok()
}

#[test]
fn a_page_leads_on_to_configured_origins_only() {
    for (url, may) in [
        ("https://app.example.com/settings?tab=1#x", true),
        ("http://localhost:3000/", true),
        ("http://app.example.com/", false),
        ("https://app.example.com:8443/", false),
        ("https://app.example.com.evil.example/", false),
        ("https://user@app.example.com/", false),
        ("https://:secret@app.example.com/", false),
        ("javascript:alert(1)", false),
        ("//app.example.com/", false),
        ("https://app.example.com/\u{202e}", false),
        ("", false),
    ] {
        assert_eq!(
            is_valid(|new| new.return_url = Some(url.to_owned())),
            may,
            "{url}"
        );
    }
    let long = format!("https://app.example.com/{}", "a".repeat(2048));
    assert!(!is_valid(|new| new.return_url = Some(long)));
}

#[test]
fn a_label_shows_nothing_but_itself() {
    for (label, may) in [
        ("HR, main plant", true),
        ("<b>Büro</b> \u{1f3ed}", true),
        ("", false),
        ("a\nb", false),
        ("a\u{202e}b", false),
        ("a\u{2066}b", false),
        ("a\u{200b}b", false),
        ("a\u{0}b", false),
    ] {
        assert_eq!(
            is_valid(|new| new.label = Some(label.to_owned())),
            may,
            "{label:?}"
        );
    }
    assert!(is_valid(|new| new.label = Some("ü".repeat(100))));
    assert!(!is_valid(|new| new.label = Some("ü".repeat(101))));
}

#[test]
fn a_session_lives_as_long_as_its_channel_allows() {
    let lives =
        |channel, seconds| is_valid(|new| (new.channel, new.expires_in) = (channel, Some(seconds)));
    assert!(lives(Channel::Hub, DAY) && !lives(Channel::Hub, DAY + 1));
    assert!(lives(Channel::Link, 30 * DAY) && !lives(Channel::Link, 30 * DAY + 1));
    assert!(!lives(Channel::Hub, 0));
    let usual = NewSession::default().fact("Acme".to_owned(), None).unwrap();
    assert_eq!(usual.expires_in, HOUR);
}

#[test]
fn words_and_keys_hold_nothing_that_could_be_more() {
    for text in ["", "a b", "a/b", "ü", &"a".repeat(129)] {
        assert!(
            !is_valid(|new| new.provider = Some(text.to_owned())),
            "{text}"
        );
        assert!(
            !is_valid(|new| new.categories = vec![text.to_owned()]),
            "{text}"
        );
    }
    assert!(is_valid(|new| new.provider = Some("bamboohr".to_owned())));
    assert!(!is_valid(|new| new.account_type = Some("demo".into())));
    assert!(idempotency_key("order-7").is_ok());
    for key in ["", "a b", "ü", &"a".repeat(256)] {
        assert!(idempotency_key(key).is_err(), "{key}");
    }
}

#[test]
fn another_request_has_another_digest() {
    let new = NewSession::default();
    let other = NewSession {
        multiple: true,
        ..new.clone()
    };
    assert_eq!(new.digest(), new.clone().digest());
    assert_ne!(new.digest(), other.digest());
    assert_eq!(new.digest().len(), 64);
}

#[test]
fn seconds_are_whole_however_they_are_written() {
    let read = |seconds: &str| {
        let text = format!(r#"{{"channel": "hub", "expires_in": {seconds}}}"#);
        let new = serde_json::from_str::<NewSession>(&text);
        new.map(|new| new.expires_in).map_err(|_refused| ())
    };
    for (seconds, is) in [("60", 60), ("60.0", 60), ("6e1", 60), ("0", 0)] {
        assert_eq!(read(seconds), Ok(Some(is)), "{seconds}");
    }
    assert_eq!(read("null"), Ok(None));
    for seconds in ["1.5", "-1", "4294967296", "1e99", "true", r#""60""#] {
        assert_eq!(read(seconds), Err(()), "{seconds}");
    }
}
