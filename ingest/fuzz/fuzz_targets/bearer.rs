//! What a caller of connect proves itself with: a host product's JWT is believed only if it is
//! signed and says what it must, and of client tokens and link secrets exactly one text is right.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use stackone_connect::jwt::{Claims, JwtError, Keys, Rules, Unverified, looks_like_jwt};
use stackone_connect::tokens::{Purpose, TokenKeys};
use uuid::Uuid;

const ISSUER: &str = "https://app.example.com";
const AUDIENCE: &str = "stackone-connect";
const NOW: i64 = 1_700_000_000;

/// A host product with one key.
struct Host {
    key: Ed25519KeyPair,
    keys: Keys,
    rules: Rules,
}

static HOST: LazyLock<Host> = LazyLock::new(|| {
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed has 32 bytes");
    let x = BASE64_URL_SAFE_NO_PAD.encode(key.public_key());
    let jwks = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x }] });
    Host {
        key,
        keys: Keys::parse(jwks.to_string().as_bytes()).expect("a key set"),
        rules: Rules {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            tenant_claim: "tenant_id".to_owned(),
            tenant_name_claim: "tenant_name".to_owned(),
            user_name_claim: "user_name".to_owned(),
            scope_claim: "scope".to_owned(),
        },
    }
});

// The first byte says how long the header is, the second where a token is altered; then come header
// and claims.
fuzz_target!(|data: &[u8]| {
    let _unusable = Keys::parse(data);
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(believed(text).is_err(), "nobody has signed it");
        own(text);
    }
    let [length, at, rest @ ..] = data else {
        return;
    };
    let (header, claims) = rest.split_at(rest.len().min(usize::from(*length)));
    let token = signed(header, claims);
    assert!(looks_like_jwt(&token));
    let verified = believed(&token);
    if let Ok(verified) = &verified {
        has_to_say(header, claims, verified);
    }
    assert!(believed(&altered(&token, *at)).is_err(), "it was altered");
});

fn believed(token: &str) -> Result<Claims, JwtError> {
    let now = Timestamp::from_second(NOW).expect("a time");
    Unverified::parse(token)?.verify(&HOST.keys, &HOST.rules, now)
}

fn signed(header: &[u8], claims: &[u8]) -> String {
    let encode = |part| BASE64_URL_SAFE_NO_PAD.encode(part);
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(HOST.key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The rules, written apart from the code under test.
fn has_to_say(header: &[u8], claims: &[u8], verified: &Claims) {
    let header: Value = serde_json::from_slice(header).expect("it was read");
    let claims: Value = serde_json::from_slice(claims).expect("it was read");
    assert_eq!(
        (&header["alg"], &header["kid"]),
        (&json!("EdDSA"), &json!("k1"))
    );
    assert!(header.get("crit").is_none());
    assert_eq!(claims["iss"], ISSUER);
    let audience = claims["aud"].as_array();
    let is_among = audience.is_some_and(|several| several.contains(&json!(AUDIENCE)));
    assert!(is_among || claims["aud"] == AUDIENCE);
    let time = |claim: &str| claims[claim].as_f64().expect("a number").floor();
    let (issued, expires, now) = (time("iat"), time("exp"), NOW as f64);
    assert!(issued < expires && expires - issued <= 900.0);
    assert!(issued - 60.0 <= now && now < expires + 60.0);
    assert_eq!(claims["tenant_id"], *verified.tenant_id);
    assert!((1..=128).contains(&verified.tenant_id.len()));
}

/// The token with another character at one place.
fn altered(token: &str, at: u8) -> String {
    let mut text = token.as_bytes().to_vec();
    // From the end, where the signature is, as from the start.
    let at = usize::from(at) * text.len() / 256;
    text[at] = if text[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(text).expect("it is ASCII")
}

/// A client token or link secret is right where it is the very text that was made.
fn own(text: &str) {
    let keys = [
        "a-key-of-32-bytes-or-more-for-it",
        "another-key-of-32-bytes-or-more!",
    ];
    let keys = TokenKeys::new(&keys.map(Into::into));
    let session = Uuid::from_u128(7);
    for purpose in [Purpose::Client, Purpose::Link] {
        let right = keys.make(session, purpose).expect("there is a key");
        assert!(keys.verifies(&right, session, purpose));
        assert_eq!(keys.verifies(text, session, purpose), text == right);
        let spoilt = format!("{right}{text}");
        assert_eq!(keys.verifies(&spoilt, session, purpose), text.is_empty());
    }
}
