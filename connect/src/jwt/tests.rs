use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use serde_json::json;

use super::*;

const NOW: i64 = 1_700_000_000;

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A host product that signs with Ed25519.
struct Host {
    key: Ed25519KeyPair,
    keys: Keys,
}

fn host() -> Host {
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let x = encode(key.public_key());
    let jwks = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x }] });
    let keys = Keys::parse(jwks.to_string().as_bytes()).unwrap();
    Host { key, keys }
}

fn rules() -> Rules {
    Rules {
        issuer: "https://app.example.com".to_owned(),
        audience: "connect".to_owned(),
        tenant_claim: "tenant_id".to_owned(),
        tenant_name_claim: "tenant_name".to_owned(),
        user_name_claim: "email".to_owned(),
        scope_claim: "scope".to_owned(),
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://app.example.com", "aud": ["other", "connect"], "iat": NOW, "exp": NOW + 900,
        "tenant_id": "t1", "tenant_name": "Acme", "email": "dana@acme.example",
    })
}

fn header() -> Value {
    json!({ "alg": "EdDSA", "kid": "k1" })
}

impl Host {
    fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(claims.to_string())
        );
        let signature = encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    fn verify(&self, header: &Value, claims: &Value) -> Result<Claims, JwtError> {
        self.verify_text(&self.token(header, claims))
    }

    fn verify_text(&self, token: &str) -> Result<Claims, JwtError> {
        let now = Timestamp::from_second(NOW).unwrap();
        Unverified::parse(token)?.verify(&self.keys, &rules(), now)
    }
}

#[test]
fn what_the_host_signed_is_believed() {
    let claims = host().verify(&header(), &claims()).unwrap();
    assert_eq!(claims.tenant_id, "t1");
    assert_eq!(claims.tenant_name.as_deref(), Some("Acme"));
    assert!(claims.scopes.allow(Scope::Link) && claims.scopes.allow(Scope::Read));
    assert!(!claims.scopes.allow(Scope::Disconnect));
}

#[test]
fn a_header_chooses_neither_algorithm_nor_key() {
    let host = host();
    for (member, value, error) in [
        ("alg", json!("none"), JwtError::Header),
        ("alg", json!("HS256"), JwtError::Header),
        ("alg", json!("RS256"), JwtError::Header),
        ("alg", json!("eddsa"), JwtError::Header),
        ("crit", json!(["exp"]), JwtError::Header),
        ("crit", json!(null), JwtError::Header),
        ("kid", json!("k2"), JwtError::UnknownKey),
        ("kid", json!(null), JwtError::UnknownKey),
        ("alg", json!(null), JwtError::Malformed),
    ] {
        let mut header = header();
        header[member] = value;
        assert_eq!(host.verify(&header, &claims()), Err(error), "{header}");
    }
    let mut without = header();
    without.as_object_mut().unwrap().remove("kid");
    assert_eq!(host.verify(&without, &claims()), Err(JwtError::UnknownKey));
    let mut harmless = header();
    for ignored in ["jku", "x5u", "jwk", "x5c", "typ"] {
        harmless[ignored] = json!("https://evil.example.com/keys");
    }
    assert!(host.verify(&harmless, &claims()).is_ok(), "never followed");
}

#[test]
fn header_and_claims_are_json_objects_and_nothing_like_them() {
    let host = host();
    for header in [json!(["EdDSA", "k1"]), json!(["EdDSA", "k1", null])] {
        let refused = host.verify(&header, &claims());
        assert_eq!(refused, Err(JwtError::Malformed), "{header}");
    }
    let claims_text = claims().to_string();
    for odd in [
        &b"{\"alg\":\"EdDSA\",\"kid\":\"k1\",\"typ\":\"\xfd\"}"[..],
        br#"{"alg":"EdDSA","kid":"k1","typ":"\ud83d"}"#,
        br#"{"alg":"none","alg":"EdDSA","kid":"k1"}"#,
    ] {
        let signed = format!("{}.{}", encode(odd), encode(&claims_text));
        let signature = encode(host.key.sign(signed.as_bytes()));
        let refused = host.verify_text(&format!("{signed}.{signature}"));
        assert_eq!(refused, Err(JwtError::Malformed), "{odd:?}");
    }
    let list: Value = claims().as_object().unwrap().values().cloned().collect();
    assert_eq!(host.verify(&header(), &list), Err(JwtError::Malformed));
}

#[test]
fn a_public_key_is_no_secret_of_an_hmac() {
    let host = host();
    let mut header = header();
    header["alg"] = json!("HS256");
    let signed = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(claims().to_string())
    );
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, host.key.public_key().as_ref());
    let tag = ring::hmac::sign(&key, signed.as_bytes());
    let token = format!("{signed}.{}", encode(tag));
    assert_eq!(host.verify_text(&token), Err(JwtError::Header));
    let unsigned = format!("{signed}.");
    assert_eq!(host.verify_text(&unsigned), Err(JwtError::Header));
}

#[test]
fn a_claim_that_is_absent_or_wrong_is_refused() {
    let host = host();
    let refused = |member: &str, value: Value| {
        let mut claims = claims();
        claims[member] = value;
        host.verify(&header(), &claims).err()
    };
    for (member, value, error) in [
        ("iss", json!("https://app.example.com/"), JwtError::Issuer),
        ("iss", json!(null), JwtError::Issuer),
        ("aud", json!("connect2"), JwtError::Audience),
        ("aud", json!([]), JwtError::Audience),
        ("aud", json!(null), JwtError::Audience),
        ("exp", json!(null), JwtError::Time),
        ("exp", json!(NOW - 60), JwtError::Time),
        ("exp", json!(NOW + 901), JwtError::Time),
        ("exp", json!("9999999999"), JwtError::Time),
        ("exp", json!(1e300), JwtError::Time),
        ("iat", json!(null), JwtError::Time),
        ("iat", json!(NOW + 61), JwtError::Time),
        ("nbf", json!(NOW + 61), JwtError::Time),
        ("nbf", json!("soon"), JwtError::Time),
        ("tenant_id", json!(null), JwtError::Tenant),
        ("tenant_id", json!(7), JwtError::Tenant),
        ("tenant_id", json!(""), JwtError::Tenant),
        ("tenant_id", json!("x".repeat(129)), JwtError::Tenant),
    ] {
        assert_eq!(
            refused(member, value.clone()),
            Some(error),
            "{member}: {value}"
        );
    }
    for (member, value) in [
        ("aud", json!("connect")),
        ("iat", json!(NOW + 60)),
        ("nbf", json!(NOW + 60)),
        ("exp", json!(NOW as f64 + 100.5)),
        ("tenant_id", json!("x".repeat(128))),
        ("scope", json!("")),
    ] {
        assert_eq!(refused(member, value.clone()), None, "{member}: {value}");
    }
    let mut late = claims();
    (late["iat"], late["exp"]) = (json!(NOW - 900), json!(NOW - 59));
    assert!(host.verify(&header(), &late).is_ok(), "within the leeway");
}

#[test]
fn scopes_are_a_text_or_a_list() {
    for (claim, [link, read, disconnect]) in [
        (json!("read"), [false, true, false]),
        (json!("link disconnect admin"), [true, false, true]),
        (json!(["disconnect", 7]), [false, false, true]),
        (json!(null), [false; 3]),
        (json!("Link"), [false; 3]),
    ] {
        let mut claims = claims();
        claims["scope"] = claim.clone();
        let scopes = host().verify(&header(), &claims).unwrap().scopes;
        let is = [Scope::Link, Scope::Read, Scope::Disconnect].map(|scope| scopes.allow(scope));
        assert_eq!(is, [link, read, disconnect], "{claim}");
    }
}

#[test]
fn es256_is_verified() {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "kid": "e", "alg": "ES256", "use": "sig",
        "x": encode(&point[1..33]), "y": encode(&point[33..]),
    });
    let keys = Keys::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap();
    let header = json!({ "alg": "ES256", "kid": "e" });
    let signed = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(claims().to_string())
    );
    let signature = pair.sign(&random, signed.as_bytes()).unwrap();
    let token = format!("{signed}.{}", encode(signature));
    let now = Timestamp::from_second(NOW).unwrap();
    let verified = Unverified::parse(&token)
        .unwrap()
        .verify(&keys, &rules(), now);
    assert_eq!(verified.unwrap().tenant_id, "t1");
}

/// RFC 7515, appendix A.2.
#[test]
fn rs256_is_verified_as_the_rfc_has_it() {
    let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    let jwk = json!({ "kty": "RSA", "kid": "r", "n": n, "e": "AQAB" });
    // As some libraries write it, against RFC 7518, 6.3.1.1.
    let padded = encode([&[0][..], &BASE64_URL_SAFE_NO_PAD.decode(n).unwrap()].concat());
    let with_zero = json!({ "kty": "RSA", "kid": "z", "n": padded, "e": "AAEAAQ" });
    let keys = json!({ "keys": [jwk, with_zero] }).to_string();
    let keys = Keys::parse(keys.as_bytes()).unwrap();
    let signed = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    for id in ["r", "z"] {
        let key = keys.get(id).unwrap();
        assert_eq!(key.algorithm(), "RS256");
        assert!(key.verifies(signed.as_bytes(), &signature), "{id}");
        assert!(!key.verifies(&signed.as_bytes()[1..], &signature));
    }
}

#[test]
fn a_key_that_is_weak_or_for_something_else_is_passed_over() {
    let x = encode([1; 32]);
    let good = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x });
    let with = |member: &str, value: Value| {
        let mut key = good.clone();
        key[member] = value;
        key
    };
    let short = encode([0xff; 255]);
    let leading = encode([&[0; 8][..], &[0xff; 255]].concat());
    for key in [
        with("use", json!("enc")),
        with("alg", json!("ES256")),
        with("kid", json!(null)),
        with("kid", json!("")),
        with("x", json!(encode([1; 31]))),
        with("crv", json!("X25519")),
        with("kty", json!("oct")),
        json!({ "kty": "oct", "kid": "k", "k": x }),
        json!({ "kty": "RSA", "kid": "k", "n": short, "e": "AQAB" }),
        json!({ "kty": "RSA", "kid": "k", "n": leading, "e": "AQAB" }),
    ] {
        let parsed = Keys::parse(json!({ "keys": [key] }).to_string().as_bytes());
        assert_eq!(parsed.err(), Some(JwksProblem::Nothing), "{key}");
    }
    let twice = json!({ "keys": [good, good] }).to_string();
    let parsed = Keys::parse(twice.as_bytes()).err();
    assert_eq!(parsed, Some(JwksProblem::Twice("k".to_owned())));
    let many = json!({ "keys": vec![good; 21] }).to_string();
    assert_eq!(
        Keys::parse(many.as_bytes()).err(),
        Some(JwksProblem::TooMany)
    );
    assert_eq!(Keys::parse(b"[]").err(), Some(JwksProblem::NotJwks));
}

proptest! {
    #[test]
    fn a_changed_token_is_never_believed(place in 0..400usize, flip in 1..128u8) {
        let host = host();
        let mut bytes = host.token(&header(), &claims()).into_bytes();
        let place = place % bytes.len();
        bytes[place] ^= flip;
        if let Ok(token) = String::from_utf8(bytes) {
            prop_assert!(host.verify_text(&token).is_err());
        }
    }

    #[test]
    fn whatever_is_said_for_a_token_is_refused_without_harm(text in "[A-Za-z0-9_.-]{0,200}") {
        prop_assert!(host().verify_text(&text).is_err());
    }
}
