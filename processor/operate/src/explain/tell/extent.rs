//! Words for how much of a topic was read. Pure.

use crate::explain::finding::{About, AccountFinding};
use crate::explain::found::Looked;
use crate::explain::question::AccountQuestion;

/// Returns a finding where a part of a topic was not read.
pub(super) fn limit(about: About, looked: &Looked) -> Option<AccountFinding> {
    let Looked {
        topic,
        records,
        not_read,
    } = looked;
    (*not_read > 0).then(|| {
        let says = format!(
            "{topic}: only the newest {records} records were read; {not_read} older ones that are \
             as new as was asked for were not looked at"
        );
        AccountFinding::limited(about, says).advising("raise --max-records to look at more")
    })
}

/// Returns since when records were read, or how many where there were too many.
pub(super) fn looked_for(question: &AccountQuestion, looked: &Looked) -> String {
    match looked.not_read {
        0 => format!("since {}", question.since),
        _ => format!("among the newest {} records", looked.records),
    }
}
