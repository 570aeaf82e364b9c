//! Sizes and names, and how many findings are accepted.

use std::collections::BTreeMap;

use anyhow::Context;

use crate::source::Root;

/// A limit that is passed.
pub(crate) struct Finding {
    /// The crate's folder and the limit, as `accepted.txt` names them.
    pub(crate) subject: String,
    /// How much it weighs: files of a circle, else 1.
    pub(crate) weight: usize,
    pub(crate) text: String,
}

impl Finding {
    pub(crate) fn new(folder: &str, limit: &str, weight: usize, text: String) -> Self {
        Self {
            subject: format!("{folder} {limit}"),
            weight,
            text,
        }
    }
}

/// The lines of a report, and whether the findings are exactly those that are accepted: a finding
/// more fails, and so does one less, so that what was mended cannot come back.
///
/// # Errors
///
/// Where a line of `accepted` is none of its form, `FOLDER LIMIT NUMBER`.
pub(crate) fn compare(findings: &[Finding], accepted: &str) -> anyhow::Result<(Vec<String>, bool)> {
    let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
    for line in accepted.lines().filter(|line| !line.starts_with('#')) {
        let (subject, number) = line
            .rsplit_once(' ')
            .with_context(|| format!("no line: {line}"))?;
        wanted.insert(
            subject,
            number
                .parse()
                .with_context(|| format!("no number: {line}"))?,
        );
    }
    let mut found: BTreeMap<&str, usize> = wanted.keys().map(|subject| (*subject, 0)).collect();
    for finding in findings {
        *found.entry(&finding.subject).or_default() += finding.weight;
    }
    let (mut lines, mut is_equal) = (Vec::new(), true);
    for (subject, found) in found {
        let wanted = wanted.get(subject).copied().unwrap_or_default();
        is_equal &= found == wanted;
        if found > wanted {
            let of_subject = findings.iter().filter(|finding| finding.subject == subject);
            lines.extend(of_subject.map(|finding| finding.text.clone()));
            lines.push(format!("{subject}: {found}, and {wanted} are accepted"));
        } else if found < wanted {
            lines.push(format!(
                "{subject}: {found} are left; accept no more than that"
            ));
        }
    }
    Ok((lines, is_equal))
}

/// Production lines of a file.
const LINES: usize = 300;
/// Fields of a struct.
const FIELDS: usize = 12;

/// Sizes and names that pass a limit.
pub(crate) fn findings(crates: &[(String, Root)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut types: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (folder, root) in crates {
        for module in &root.modules {
            let (file, lines) = (&module.file, module.lines());
            if lines > LINES {
                let text = format!("{file}: {lines} production lines, over {LINES}");
                findings.push(Finding::new(folder, "lines", 1, text));
            }
            for (name, line, fields) in &module.types {
                // The members of the contract's types are the contract's.
                if *fields > FIELDS && folder != "schemas" {
                    let text = format!("{file}:{line}: {name} has {fields} fields, over {FIELDS}");
                    findings.push(Finding::new(folder, "fields", 1, text));
                }
                if folder.starts_with("processor") {
                    types
                        .entry(name)
                        .or_default()
                        .push(format!("{file}:{line}"));
                }
            }
        }
    }
    let doubled = types.iter().filter(|(_, places)| places.len() > 1);
    findings.extend(doubled.map(|(name, places)| {
        let places_text = places.join(", ");
        let text = format!(
            "{name} is the name of {} types: {places_text}",
            places.len()
        );
        Finding::new("processor", "names", 1, text)
    }));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_more_or_less_than_accepted_fails() {
        let findings = || vec![Finding::new("a", "circles", 2, "circle".to_owned())];
        for (accepted, equal) in [("a circles 2", true), ("", false), ("a circles 3", false)] {
            let (_, is_equal) = compare(&findings(), accepted).unwrap();
            assert_eq!(is_equal, equal, "{accepted}");
        }
        assert!(compare(&[], "b lines 1").is_ok_and(|(lines, equal)| !equal && lines.len() == 1));
        assert!(compare(&[], "nonsense").is_err());
    }
}
