//! Words for single values. Pure.

use jiff::Timestamp;
use stackone_link_schemas::{AccountPhase, GraceKind, LastLookup, LastOutcome, StatusReason};

pub(super) const fn phase(phase: AccountPhase) -> &'static str {
    match phase {
        AccountPhase::None => "not confirmed",
        AccountPhase::Active => "active",
        AccountPhase::Degraded => "degraded",
        AccountPhase::Failed => "failed",
        AccountPhase::Unlinked => "unlinked",
    }
}

/// Returns what a grace period waits for.
pub(super) const fn waits_for(kind: GraceKind) -> &'static str {
    match kind {
        GraceKind::Activation => "become active, or appear",
        GraceKind::Delete => "vanish, since a webhook says that it was deleted",
        GraceKind::DeleteConfirm => "be gone for certain, since a webhook says that it was deleted",
        GraceKind::Vanish => "answer again, since no webhook says that it was deleted",
    }
}

/// Returns what StackOne answered.
pub(super) fn answer(last: &LastLookup) -> String {
    let status = || {
        last.http_status
            .map_or_else(String::new, |status| format!(" with {status}"))
    };
    match &last.outcome {
        LastOutcome::Found => {
            let status = last
                .status
                .as_ref()
                .map_or("unknown", |status| status.as_str());
            format!("StackOne showed the account with status {status}")
        }
        LastOutcome::NotFound => "StackOne answered 404: no such account for this key".to_owned(),
        LastOutcome::RateLimited => "StackOne answered 429: too many requests".to_owned(),
        LastOutcome::Unavailable => {
            "StackOne was unavailable: 408, 5xx, a timeout or no connection".to_owned()
        }
        LastOutcome::Refused => format!("StackOne refused the API key{}", status()),
        LastOutcome::Rejected => format!("StackOne rejected the lookup{}", status()),
        LastOutcome::Unreadable => "StackOne answered 200 with what is not the account".to_owned(),
        LastOutcome::Other(text) => format!("the lookup came to {text}"),
    }
}

/// Returns why an account has its status, in StackOne's words; empty where it gives no reason.
pub(super) fn reasons(reasons: &[StatusReason]) -> String {
    let said = |reason: &StatusReason| {
        let parts = [reason.code.as_deref(), reason.description.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let said: Vec<String> = reasons.iter().filter_map(said).collect();
    match said.is_empty() {
        true => String::new(),
        false => format!(" ({})", said.join("; ")),
    }
}

/// Returns a time, or that it is not known.
pub(super) fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "at an unknown time".to_owned(), |at| at.to_string())
}
