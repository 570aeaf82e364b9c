//! Replaces halves of UTF-16 surrogate pairs, which JSON may hold as escapes (RFC 8259 §8.2) and
//! text may not.

use std::borrow::Cow;

/// The length of an escape `\uXXXX`.
const ESCAPE: usize = 6;
const REPLACEMENT: &str = "\\ufffd";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    High,
    Low,
    Whole,
}

/// Returns valid JSON with `\ufffd` in place of each escape that is half of a surrogate pair.
pub(super) fn replace_lone_halves(json: &str) -> Cow<'_, str> {
    let mut replaced = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = json.get(at..).and_then(|rest| rest.find('\\')) {
        let start = at + found;
        let (is_lone, length) = match (unit(json, start), unit(json, start + ESCAPE)) {
            (Some(Unit::High), Some(Unit::Low)) => (false, 2 * ESCAPE),
            (Some(Unit::High | Unit::Low), _) => (true, ESCAPE),
            (Some(Unit::Whole), _) => (false, ESCAPE),
            // A backslash and the character that it escapes.
            (None, _) => (false, 2),
        };
        at = start + length;
        if is_lone {
            replaced.push_str(json.get(copied..start).unwrap_or_default());
            replaced.push_str(REPLACEMENT);
            copied = at;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    replaced.push_str(json.get(copied..).unwrap_or_default());
    Cow::Owned(replaced)
}

/// Returns the UTF-16 code unit whose escape begins at `start`.
fn unit(json: &str, start: usize) -> Option<Unit> {
    let digits = json.get(start..start + ESCAPE)?.strip_prefix("\\u")?;
    Some(match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Unit::High,
        0xdc00..=0xdfff => Unit::Low,
        0..=0xd7ff | 0xe000..=0xffff => Unit::Whole,
    })
}
