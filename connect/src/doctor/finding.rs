//! What the doctor has to say, as text for people or as one JSON object for scripts.

use std::io::{self, Write};

use serde::Serialize;
use strum::IntoStaticStr;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(super) enum Check {
    Configuration,
    Connections,
    Certificate,
    Topics,
    Hub,
    Jwks,
    Api,
    Clock,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Fine,
    /// It could not be looked at. Nothing is known to be wrong.
    Unknown,
    Wrong,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Unknown => "unknown",
            Self::Wrong => "WRONG",
        }
    }
}

/// One line, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) check: Check,
    pub(super) verdict: Verdict,
    pub(super) says: String,
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
}

impl Finding {
    pub(super) fn fine(check: Check, says: impl Into<String>) -> Self {
        Self::of(check, Verdict::Fine, says.into())
    }

    pub(super) fn unknown(check: Check, says: impl Into<String>) -> Self {
        Self::of(check, Verdict::Unknown, says.into())
    }

    pub(super) fn wrong(check: Check, says: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::of(check, Verdict::Wrong, says.into()).advising(advice)
    }

    const fn of(check: Check, verdict: Verdict, says: String) -> Self {
        Self {
            check,
            verdict,
            says,
            advice: None,
        }
    }

    pub(super) fn advising(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }

    pub(super) fn is_wrong(&self) -> bool {
        self.verdict == Verdict::Wrong
    }
}

/// A line for each finding, and what to do below it.
pub(super) fn text(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    for finding in findings {
        let (verdict, check): (_, &str) = (finding.verdict.as_str(), finding.check.into());
        writeln!(out, "{verdict:7}  {check:13}  {}", escaped(&finding.says))?;
        if let Some(advice) = &finding.advice {
            writeln!(out, "{:24}-> {}", "", escaped(advice))?;
        }
    }
    Ok(())
}

/// `{"ok": …, "findings": […]}` on one line.
pub(super) fn json(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    let ok = !findings.iter().any(Finding::is_wrong);
    let report = serde_json::json!({ "ok": ok, "findings": findings });
    writeln!(out, "{report}")
}

/// Others' words move no cursor and begin no line.
fn escaped(text: &str) -> String {
    let escape = |char: char| match char.is_control() {
        true => char.escape_default().to_string(),
        false => char.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_lines_with_what_to_do_or_one_object_and_move_no_cursor() {
        let findings = [
            Finding::unknown(Check::Clock, "no\u{1b}[2Jdate"),
            Finding::wrong(Check::Hub, "it is gone", "put it back"),
        ];
        let mut out = Vec::new();
        text(&mut out, &findings).unwrap();
        json(&mut out, &findings).unwrap();
        json(&mut out, &findings[..1]).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "unknown  clock          no\\u{1b}[2Jdate\n\
             WRONG    hub            it is gone\n\
             \x20                       -> put it back\n\
             {\"findings\":[{\"check\":\"clock\",\"says\":\"no\\u001b[2Jdate\",\"verdict\":\"unknown\"},\
             {\"check\":\"hub\",\"do\":\"put it back\",\"says\":\"it is gone\",\"verdict\":\"wrong\"}],\"ok\":false}\n\
             {\"findings\":[{\"check\":\"clock\",\"says\":\"no\\u001b[2Jdate\",\"verdict\":\"unknown\"}],\"ok\":true}\n"
        );
    }
}
