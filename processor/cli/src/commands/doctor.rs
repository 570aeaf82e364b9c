//! `doctor`: prints findings as text for people, or as one JSON object for scripts.

mod arguments;

use std::io::{self, Write};
use std::time::Duration;

use stackone_link_process::counted::counted;
use stackone_link_process::stderr;
use stackone_processor::config::Config;
use stackone_processor_operate::doctor::{Check, Finding, look};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::escaped::escaped;
pub(crate) use arguments::Doctor;
pub(super) use arguments::EXAMPLES;

/// How long the command is silent, also between two lines.
const SAY: Duration = Duration::from_secs(10);

/// Runs the checks, and prints the findings.
pub(crate) async fn run(
    config: &Config,
    asked: &Doctor,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let findings = looked(config, asked.timeout).await;
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

/// Runs the checks, and says now and then on stderr which one is waited for.
async fn looked(config: &Config, within: Duration) -> Vec<Finding> {
    let (tell, under_way) = watch::channel(Check::Configuration);
    let say = || {
        let check = under_way.borrow().as_str();
        stderr::write_line(&format!("looking at: {check}"));
    };
    saying(look(config, within, &tell), say).await
}

/// Waits for `work`, and calls `say` after each [`SAY`].
async fn saying<T>(work: impl Future<Output = T>, mut say: impl FnMut()) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        match timeout(SAY, &mut work).await {
            Ok(done) => return done,
            Err(_elapsed) => say(),
        }
    }
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

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_says_so_now_and_then() {
        let mut said = 0;
        saying(tokio::time::sleep(SAY * 5 / 2), || said += 1).await;
        assert_eq!(said, 2);
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
