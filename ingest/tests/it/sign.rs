//! Signing as StackOne does, written apart from the code under test.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The secret of the source `default`.
pub(crate) const SECRET: &str = "a secret that no log may show";

pub(crate) fn mac(secret: &str, body: &[u8]) -> Vec<u8> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    hmac.update(body);
    hmac.finalize().into_bytes().to_vec()
}

pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(mac(secret, body))
}

pub(crate) fn hex(mac: &[u8]) -> String {
    mac.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn standard_base64(mac: &[u8]) -> String {
    BASE64_STANDARD.encode(mac)
}
