use base64::Engine as _;
use proptest::prelude::*;

use super::*;

fn key(secret: &str) -> SigningKey {
    SigningKey::new(&SecretString::from(secret)).unwrap()
}

/// The header StackOne would send.
fn sign(secret: &str, body: &[u8]) -> String {
    let mut state = key(secret).0;
    state.update(body);
    BASE64_URL_SAFE_NO_PAD.encode(state.finalize().into_bytes())
}

fn accepted(secret: &str, body: &[u8], header: &[u8]) -> bool {
    match Claim::parse(header) {
        Some(Claim::Signature(mac)) => key(secret).verifies(body, &mac),
        Some(Claim::OtherEncoding(_)) | None => false,
    }
}

#[test]
fn every_vector_is_accepted_and_its_other_encodings_are_refused_as_such() {
    let file = include_str!("../../../../schemas/fixtures/signature-vectors.json");
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert!(vectors.len() > 5);
    for vector in vectors {
        let secret = vector["secret_utf8"].as_str().unwrap();
        let body = vector["body_base64"].as_str().unwrap();
        let body = base64::prelude::BASE64_STANDARD.decode(body).unwrap();
        let header = vector["x-stackone-signature"].as_str().unwrap();
        assert!(
            accepted(secret, &body, header.as_bytes()),
            "{}",
            vector["name"]
        );
        assert_eq!(sign(secret, &body), header);
        for (encoding, wrong) in vector["must_reject"].as_object().unwrap() {
            let wrong = wrong.as_str().unwrap();
            if wrong == header {
                continue;
            }
            let Some(Claim::OtherEncoding(mac)) = Claim::parse(wrong.as_bytes()) else {
                panic!("{encoding} of {} is not told apart", vector["name"]);
            };
            assert!(key(secret).verifies(&body, &mac), "{encoding}");
        }
    }
}

#[test]
fn a_header_that_is_no_mac_in_any_encoding_is_no_claim() {
    let good = sign("s", b"body");
    for header in [
        String::new(),
        good[..42].to_owned(),
        format!("{good}A"),
        format!(" {good}"),
        format!("{good}, {good}"),
        format!("{good}=="),
        "g".repeat(64),
        "ä".repeat(22),
        // Right bytes, but the two bits that are left over are not zero.
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB".to_owned(),
    ] {
        assert_eq!(Claim::parse(header.as_bytes()), None, "{header:?}");
    }
}

#[test]
fn neither_keys_nor_claims_print_what_they_hold() {
    let header = sign("s", b"body");
    let claim = Claim::parse(header.as_bytes()).unwrap();
    assert_eq!(
        format!("{claim:?} {:?}", key("hush")),
        "Signature(…) SigningKey(…)"
    );
}

proptest! {
    #[test]
    fn any_flipped_bit_of_the_body_fails(
        secret in ".{1,80}",
        body in proptest::collection::vec(any::<u8>(), 1..600),
        position in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let header = sign(&secret, &body);
        prop_assert!(accepted(&secret, &body, header.as_bytes()));
        let mut flipped = body.clone();
        flipped[position.index(body.len())] ^= 1 << bit;
        prop_assert!(!accepted(&secret, &flipped, header.as_bytes()));
    }

    #[test]
    fn any_flipped_bit_of_the_signature_fails(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        position in 0usize..43,
        bit in 0u8..8,
    ) {
        let mut header = sign("secret", &body).into_bytes();
        header[position] ^= 1 << bit;
        prop_assert!(!accepted("secret", &body, &header));
    }

    #[test]
    fn any_other_secret_fails(secret in "[ -~]{1,80}", other in "[ -~]{1,80}", body in ".{0,200}") {
        prop_assume!(secret != other);
        let header = sign(&secret, body.as_bytes());
        prop_assert!(!accepted(&other, body.as_bytes(), header.as_bytes()));
    }

    #[test]
    fn no_signature_header_makes_the_check_panic(header in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _claim = Claim::parse(&header);
    }
}
