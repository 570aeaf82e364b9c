//! Rules of single texts.

use url::Url;

use crate::problem::Problem;

/// Longest key of a connector, a category or a profile.
const MAX_WORD: usize = 128;
/// Longest `return_url`, in bytes.
const MAX_URL: usize = 2048;
/// Longest `Idempotency-Key`, in bytes.
const MAX_KEY: usize = 255;

/// An `Idempotency-Key`: printable ASCII.
pub(crate) fn idempotency_key(text: &str) -> Result<&str, Problem> {
    let is_printable = text.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    if (1..=MAX_KEY).contains(&text.len()) && is_printable {
        Ok(text)
    } else {
        Err(Problem::invalid(
            "Idempotency-Key is 1 to 255 printable characters",
        ))
    }
}

pub(super) fn is_word(text: &str) -> bool {
    let may = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=MAX_WORD).contains(&text.len()) && text.bytes().all(may)
}

/// Whether a text shows nothing but itself.
pub(super) fn is_clean(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.chars().any(is_hidden)
}

/// Control characters, what turns the direction of text, and what shows nothing.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

pub(super) fn may_return_to(text: &str, origins: &[Url]) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let has_user = !url.username().is_empty() || url.password().is_some();
    let is_safe = stackone_client::is_https_or_loopback(&url);
    let is_ours = origins.iter().any(|origin| origin.origin() == url.origin());
    text.len() <= MAX_URL && !text.chars().any(is_hidden) && !has_user && is_safe && is_ours
}
