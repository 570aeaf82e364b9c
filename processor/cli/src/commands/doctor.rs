//! `doctor`: prints findings as text for people, or as one JSON object for scripts.

mod arguments;

use std::io::{self, Write};

use stackone_link_process::counted::counted;
use stackone_processor::config::Config;
use stackone_processor_operate::doctor::{Finding, look};

use crate::escaped::escaped;
pub(crate) use arguments::Doctor;
pub(super) use arguments::EXAMPLES;

/// Runs the checks, and prints the findings.
pub(crate) async fn run(
    config: &Config,
    asked: &Doctor,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let findings = look(config, asked.timeout).await;
    if asked.json {
        json(out, &findings)?;
    } else {
        text(out, &findings)?;
    }
    let wrong = findings.iter().filter(|finding| finding.is_wrong()).count();
    let all = counted(findings.len(), "finding");
    anyhow::ensure!(wrong == 0, "{wrong} of {all} wrong");
    Ok(())
}

/// Prints a line for each finding, with the advice below it.
fn text(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    for finding in findings {
        let (verdict, check) = (finding.verdict.as_str(), finding.check.as_str());
        writeln!(out, "{verdict:7}  {check:13}  {}", escaped(&finding.says))?;
        if let Some(advice) = &finding.advice {
            writeln!(out, "{:24}-> {}", "", escaped(advice))?;
        }
    }
    Ok(())
}

/// Prints `{"ok": …, "findings": […]}` on one line.
fn json(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    let ok = !findings.iter().any(Finding::is_wrong);
    let report = serde_json::json!({ "ok": ok, "findings": findings });
    writeln!(out, "{report}")
}

#[cfg(test)]
mod tests {
    use stackone_processor_operate::doctor::Check;

    use super::*;

    fn findings() -> [Finding; 2] {
        [
            Finding::unknown(Check::Group, "nobody\u{1b}[2J"),
            Finding::wrong(Check::Api, "it is refused", "replace it"),
        ]
    }

    fn printed(print: fn(&mut Vec<u8>, &[Finding]) -> io::Result<()>, of: &[Finding]) -> String {
        let mut out = Vec::new();
        print(&mut out, of).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_has_a_line_for_each_and_one_for_what_to_do_and_moves_no_cursor() {
        assert_eq!(
            printed(text, &findings()),
            "unknown  group          nobody\\u{1b}[2J\n\
             WRONG    api            it is refused\n\
             \x20                       -> replace it\n"
        );
    }

    #[test]
    fn json_says_whether_all_is_well_and_what_was_found() {
        let report: serde_json::Value = serde_json::from_str(&printed(json, &findings())).unwrap();
        assert_eq!(report["ok"], false);
        let wrong = serde_json::json!({"check": "api", "verdict": "wrong", "says": "it is refused", "do": "replace it"});
        assert_eq!(report["findings"][1], wrong);
        assert_eq!(report["findings"][0].get("do"), None);
        let rest: serde_json::Value =
            serde_json::from_str(&printed(json, &findings()[..1])).unwrap();
        assert_eq!(
            rest["ok"], true,
            "what is not known is not known to be wrong"
        );
    }
}
