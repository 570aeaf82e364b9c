//! Functions of librdkafka that rdkafka does not offer, made safe. No other crate has unsafe code.
//!
//! - [`set_oauth_token`] gives a client its token: rdkafka asks for tokens only where its main
//!   queue is polled, which admin clients, transactional producers and readers do not do before
//!   their first request, and it passes no extensions.
//! - [`set_sasl_credentials`] changes the password of a client that is in use.
//! - [`PolledProducer`] says when it has reports, so that no thread has to wait for them.
//!
//! Each of the functions borrows the client, so that its handle is valid while librdkafka uses it,
//! and passes strings that librdkafka copies before it returns. Each may be called from any thread.

mod error;
mod polled;

use std::ffi::{CStr, CString, c_char};
use std::time::{SystemTime, UNIX_EPOCH};

use rdkafka::ClientContext;
use rdkafka::client::Client;
use rdkafka_sys as rdsys;

pub use error::NativeError;
pub use polled::{NonemptyContext, PolledProducer};

/// The capacity for librdkafka's description of an error, in bytes.
const WORDS: usize = 512;

/// A token of an identity provider. Its text is a secret, so it has no `Debug`.
pub struct OauthToken<'a> {
    /// The text that is sent, most often a JWT.
    pub value: &'a str,
    /// When the token expires.
    pub expires_at: SystemTime,
    /// The principal that librdkafka is told, most often the `sub` of the token.
    pub principal: &'a str,
    /// SASL extensions (RFC 7628, 3.1), for instance `logicalCluster`.
    pub extensions: &'a [(&'a str, &'a str)],
}

/// Gives a client the token for all connections from now on, and connects at once to brokers that
/// wait for one. Has to be called before the first request, and again before the token expires.
///
/// # Errors
///
/// Fails where the client's mechanism is not OAUTHBEARER, this build has no TLS, or the token has
/// expired or is malformed.
pub fn set_oauth_token<C: ClientContext>(
    client: &Client<C>,
    token: &OauthToken<'_>,
) -> Result<(), NativeError> {
    let value = text("token", token.value)?;
    let principal = text("principal", token.principal)?;
    let since_1970 = token.expires_at.duration_since(UNIX_EPOCH);
    let millis = since_1970.map_or(0, |since| since.as_millis());
    // librdkafka converts the milliseconds to microseconds, which must fit as well.
    let expires = i64::try_from(millis)
        .unwrap_or(i64::MAX)
        .min(i64::MAX / 1000);
    let pairs = token.extensions.iter();
    let parts = pairs.flat_map(|(name, value)| [*name, *value]);
    let parts: Vec<CString> = parts
        .map(|part| text("extension", part))
        .collect::<Result<_, _>>()?;
    let mut extensions: Vec<*const c_char> = parts.iter().map(|part| part.as_ptr()).collect();
    let mut words: [c_char; WORDS] = [0; WORDS];
    #[expect(unsafe_code, reason = "rdkafka passes no extensions")]
    // SAFETY: the handle is that of a client that is borrowed; the strings end with NUL and, as the
    // list of extensions, which has an even length, live until after the call, which copies them;
    // no more than `words` has room for is written to it.
    let code = unsafe {
        rdsys::rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            value.as_ptr(),
            expires,
            principal.as_ptr(),
            extensions.as_mut_ptr(),
            extensions.len(),
            words.as_mut_ptr(),
            words.len(),
        )
    };
    if code == rdsys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    Err(NativeError::Refused {
        code: code.into(),
        reason: until_nul(&words),
    })
}

/// Changes user name and password of a client for all connections from now on. Open connections
/// stay, and brokers that are waited for are connected to at once.
///
/// # Errors
///
/// Fails where the client's mechanism uses no user name and password.
pub fn set_sasl_credentials<C: ClientContext>(
    client: &Client<C>,
    username: &str,
    password: &str,
) -> Result<(), NativeError> {
    let is_sasl = property(client, c"security.protocol").starts_with("sasl_");
    let mechanism = property(client, c"sasl.mechanisms");
    // librdkafka itself accepts them for any client.
    if !is_sasl || !(mechanism == "PLAIN" || mechanism.starts_with("SCRAM-")) {
        return Err(NativeError::NoPassword);
    }
    let (username, password) = (text("user name", username)?, text("password", password)?);
    #[expect(unsafe_code, reason = "rdkafka does not have it")]
    // SAFETY: the handle is that of a client that is borrowed; both strings end with NUL and live
    // until after the call, which copies them under a lock of its own.
    let error = unsafe {
        rdsys::rd_kafka_sasl_set_credentials(
            client.native_ptr(),
            username.as_ptr(),
            password.as_ptr(),
        )
    };
    error::taken(error)
}

/// Returns the value of a property that the client was made with; empty where it has none.
fn property<C: ClientContext>(client: &Client<C>, name: &CStr) -> String {
    let mut words: [c_char; WORDS] = [0; WORDS];
    let mut length = words.len();
    #[expect(unsafe_code, reason = "rdkafka does not have it")]
    // SAFETY: the handle is that of a client that is borrowed, and has its configuration as long.
    let config = unsafe { rdsys::rd_kafka_conf(client.native_ptr()) };
    #[expect(unsafe_code, reason = "rdkafka does not have it")]
    // SAFETY: the configuration lives as long as the client that is borrowed, and nobody changes
    // what is asked for here; the name ends with NUL; no more than `length` bytes are written to
    // `words`.
    let found = unsafe {
        rdsys::rd_kafka_conf_get(config, name.as_ptr(), words.as_mut_ptr(), &raw mut length)
    };
    match found {
        rdsys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK => until_nul(&words),
        rdsys::rd_kafka_conf_res_t::RD_KAFKA_CONF_UNKNOWN
        | rdsys::rd_kafka_conf_res_t::RD_KAFKA_CONF_INVALID => String::new(),
    }
}

fn text(what: &'static str, value: &str) -> Result<CString, NativeError> {
    // The error is not kept as a source: it contains the value, which may be a secret.
    CString::new(value).map_err(|_holds_the_value| NativeError::Nul(what))
}

/// Returns the text before the first NUL.
fn until_nul(words: &[c_char]) -> String {
    let bytes = words.iter().map(|byte| byte.to_ne_bytes()[0]);
    let bytes: Vec<u8> = bytes.take_while(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
