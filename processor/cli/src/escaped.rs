//! Text from outside, as a terminal may have it.

/// What comes from outside must not move the cursor of a terminal.
pub(crate) fn escaped(text: &str) -> String {
    let escape = |character: char| match character {
        control if control.is_control() => control.escape_default().to_string(),
        harmless => harmless.to_string(),
    };
    text.chars().map(escape).collect()
}
