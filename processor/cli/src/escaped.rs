//! Escapes text from outside for a terminal.

/// Escapes control characters, so that text from outside cannot move the cursor of a terminal.
pub(crate) fn escaped(text: &str) -> String {
    let escape = |character: char| match character {
        control if control.is_control() => control.escape_default().to_string(),
        harmless => harmless.to_string(),
    };
    text.chars().map(escape).collect()
}
