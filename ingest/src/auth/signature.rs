//! StackOne's webhook signature: base64url without padding of HMAC-SHA256(secret, body). Bytes in,
//! verdict out.
//!
//! Source: StackOne's webhook guide, whose sample is Node's `createHmac('sha256',
//! secret).update(body) .digest('base64url')`. Vectors: `schemas/fixtures/signature-vectors.json`.

use std::fmt;

use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Length of a MAC in base64url without padding.
const ENCODED_LEN: usize = 43;

/// What a signature header claims.
#[derive(Clone, PartialEq, Eq)]
pub enum Claim {
    /// A MAC written as StackOne writes it.
    Signature(Mac256),
    /// 32 bytes in hex, padded or standard base64, perhaps with a prefix such as `sha256=`. Never
    /// accepted; looked at only to tell whoever integrates that the encoding is all that is wrong.
    OtherEncoding(Mac256),
}

/// The bytes of a MAC. Not comparable but through [`SigningKey`], and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Mac256([u8; 32]);

impl fmt::Debug for Claim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Signature(_) => "Signature(…)",
            Self::OtherEncoding(_) => "OtherEncoding(…)",
        })
    }
}

impl Claim {
    /// Reads a header's value; nothing where it is no MAC in any encoding.
    ///
    /// Only the canonical text of a MAC is one: 43 characters carry two bits more than 32 bytes,
    /// and they must be zero.
    #[must_use]
    pub fn parse(header: &[u8]) -> Option<Self> {
        if header.len() == ENCODED_LEN
            && let Some(mac) = decode(&BASE64_URL_SAFE_NO_PAD, header)
        {
            return Some(Self::Signature(mac));
        }
        let bare = [&b"sha256="[..], b"v1=", b"v1,"]
            .iter()
            .find_map(|prefix| header.strip_prefix(*prefix))
            .unwrap_or(header);
        let unpadded = bare.strip_suffix(b"=").unwrap_or(bare);
        hex(bare)
            .or_else(|| decode(&BASE64_URL_SAFE_NO_PAD, unpadded))
            .or_else(|| decode(&BASE64_STANDARD_NO_PAD, unpadded))
            .map(Self::OtherEncoding)
    }
}

fn decode(engine: &impl base64::Engine, text: &[u8]) -> Option<Mac256> {
    if text.len() != ENCODED_LEN {
        return None;
    }
    let bytes = engine.decode(text).ok()?;
    bytes.try_into().ok().map(Mac256)
}

fn hex(text: &[u8]) -> Option<Mac256> {
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    let mut bytes = [0; 32];
    if pairs.len() != bytes.len() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let digit = |character: u8| char::from(character).to_digit(16);
        *byte = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
    }
    Some(Mac256(bytes))
}

/// A secret, ready to sign: the keyed state of the HMAC, made once and cloned for each body.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

/// The secret cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("secret cannot be used as a key of HMAC-SHA256")]
pub struct UnusableKey;

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(…)")
    }
}

impl SigningKey {
    /// A key of the secret's UTF-8 bytes.
    ///
    /// # Errors
    ///
    /// Where HMAC does not take the secret as a key. It takes any length, so this does not happen.
    pub fn new(secret: &SecretString) -> Result<Self, UnusableKey> {
        match Hmac::new_from_slice(secret.expose_secret().as_bytes()) {
            Ok(keyed) => Ok(Self(keyed)),
            Err(_invalid_length) => Err(UnusableKey),
        }
    }

    /// Whether `mac` is the MAC of `body`, in constant time.
    #[must_use]
    pub fn verifies(&self, body: &[u8], mac: &Mac256) -> bool {
        let mut state = self.0.clone();
        state.update(body);
        state.verify_slice(&mac.0).is_ok()
    }
}

#[cfg(test)]
mod tests;
