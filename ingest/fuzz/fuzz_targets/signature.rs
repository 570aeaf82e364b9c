//! Signature header and body: exactly the one right text of the MAC is accepted, whatever else is
//! sent.
#![no_main]

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use libfuzzer_sys::fuzz_target;
use sha2::Sha256;
use stackone_ingest::Config;
use stackone_ingest::signature::Claim;
use stackone_ingest::source::{Source, Verdict};

const SECRET: &str = "test-webhook-secret-do-not-use";

/// The source `default`, as a service without a configuration file has it.
static SOURCE: LazyLock<Arc<Source>> = LazyLock::new(|| {
    let secret = ("STACKONE_WEBHOOK_SECRET".to_owned(), SECRET.to_owned());
    let config = Config::load(None, &HashMap::from([secret])).expect("the defaults are valid");
    let source = config.sources.get("default");
    source.expect("the defaults have a source").clone()
});

// The first byte says how long the header is; then come header and body.
fuzz_target!(|data: &[u8]| {
    let Some((length, rest)) = data.split_first() else {
        return;
    };
    let (header, body) = rest.split_at(rest.len().min(usize::from(*length)));
    let right = sign(body);
    judge(header, body, &right);
    judge(right.as_bytes(), body, &right);
    judge(&spoilt(&right, header), body, &right);
    altered(header, body, &right);
});

/// What is accepted is the right text, and nothing but it.
fn judge(header: &[u8], body: &[u8], right: &str) {
    let claim = Claim::parse(header);
    let is_right = header == right.as_bytes();
    let Some(claim) = claim else {
        return assert!(!is_right, "the right signature is no claim");
    };
    match SOURCE.verify(body, &claim) {
        Verdict::Authentic { secret } => {
            assert!(is_right, "accepted although it is not the right text");
            assert_eq!(secret, "default");
        }
        Verdict::WrongEncoding => assert!(!is_right, "the right text in the wrong encoding"),
        Verdict::Forged => assert!(!is_right, "the right signature is refused"),
    }
}

/// The right signature of a body is none of another body.
fn altered(change: &[u8], body: &[u8], right: &str) {
    let mut other = body.to_vec();
    match change {
        [at, byte, ..] if !body.is_empty() => {
            let at = usize::from(*at) % body.len();
            other[at] ^= byte | 1;
        }
        _ => other.push(b' '),
    }
    let claim = Claim::parse(right.as_bytes()).expect("the right signature is a claim");
    let verdict = SOURCE.verify(&other, &claim);
    assert_eq!(verdict, Verdict::Forged, "the body was altered");
}

/// The right signature with one thing about it changed, as `how` says.
fn spoilt(right: &str, how: &[u8]) -> Vec<u8> {
    let mut text = right.as_bytes().to_vec();
    let (kind, at, byte) = match how {
        [kind, at, byte, ..] => (*kind, usize::from(*at) % text.len(), *byte),
        _ => return text,
    };
    match kind % 6 {
        0 => text[at] = byte,
        1 => text.insert(at, byte),
        2 => drop(text.remove(at)),
        3 => text.push(byte),
        4 => text.truncate(at),
        _ => text.swap(at, usize::from(byte) % right.len()),
    }
    text
}

/// Signs as StackOne does, written apart from the code under test.
fn sign(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key will do");
    mac.update(body);
    BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}
