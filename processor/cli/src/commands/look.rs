//! `look`: has the running processors look up one account, and prints where the record for that is.

mod arguments;

use std::io::Write;

use stackone_link_process::counted::counted;
use stackone_processor::config::Settings;
use stackone_processor_operate::look::{AskedLook, ask_for_look};
use stackone_processor_operate::project_names::UNNAMED;

use crate::contact;
use crate::escaped::escaped;
pub(super) use arguments::EXAMPLES;
pub(crate) use arguments::Look;

/// Writes the record, and prints where it is.
pub(crate) async fn run(
    settings: &Settings,
    asked: &Look,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    contact::made(&settings.kafka).await?;
    let look = ask_for_look(settings, &asked.account, asked.project.as_deref()).await?;
    if asked.json {
        writeln!(out, "{}", serde_json::to_string(&look)?)?;
    } else {
        write!(out, "{}", text(&look))?;
    }
    Ok(())
}

/// Returns what was written in words, and where to see its result.
fn text(look: &AskedLook) -> String {
    let AskedLook {
        account_id,
        project_id,
        topic,
        partition,
        offset,
        version,
    } = look;
    let project = escaped(project_id.as_deref().unwrap_or(UNNAMED));
    let before = match version {
        0 => "it was never confirmed".to_owned(),
        count => format!("{} of it until now", counted(*count, "transition")),
    };
    format!(
        "account {account_id}: a look is on {topic}, partition {partition}, offset {offset} \
         (project {project}; {before})\n\
         a running processor looks it up; `stackone-processor explain {account_id}` says what came \
         of it\n"
    )
}

#[cfg(test)]
mod tests {
    use stackone_link_schemas::AccountId;

    use super::*;

    #[test]
    fn look_says_what_it_wrote_where_and_how_to_follow_it() {
        let look = AskedLook {
            account_id: AccountId::try_from("acc-1").unwrap(),
            project_id: None,
            topic: "t".to_owned(),
            partition: 3,
            offset: 41,
            version: 1,
        };
        assert_eq!(
            text(&look),
            "account acc-1: a look is on t, partition 3, offset 41 (project default; \
             1 transition of it until now)\n\
             a running processor looks it up; `stackone-processor explain acc-1` says what came of it\n"
        );
        let never = AskedLook {
            project_id: Some("acme\u{1b}[2J".to_owned()),
            version: 0,
            ..look
        };
        let told = text(&never);
        assert!(told.contains("it was never confirmed"), "{told}");
        assert!(!told.contains('\u{1b}'), "{told:?}");
    }
}
