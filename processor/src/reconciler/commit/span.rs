//! The span of a lookup: what was decided by its answer.

use crate::clock;
use stackone_processor_core::time::Monotonic;
use std::time::SystemTime;

use stackone_link_process::spans::{Kind, Span};
use stackone_link_wire::TraceContext;

use super::effect::{Disposition, Finish, Then};
use crate::reconciler::Reconciler;
use stackone_processor_core::work::queue::Lane;
use stackone_processor_core::work::{AccountKey, Work};

/// The part that what is written for an account has in a trace.
#[derive(Debug, Clone, Copy)]
pub(in crate::reconciler) struct Part {
    /// Its ids, which the records have too.
    pub trace: TraceContext,
    /// When the lookup was sent that is decided; none where none is.
    pub sent: Option<Monotonic>,
}

impl Part {
    /// A lookup for this work is decided.
    pub(super) fn lookup(work: &Work, sent: Monotonic) -> Self {
        Self {
            trace: work.span(),
            sent: Some(sent),
        }
    }

    /// The work is written down, or given up.
    pub(super) fn of(work: &Work) -> Self {
        Self {
            trace: work.span(),
            sent: None,
        }
    }
}

impl Reconciler {
    /// Tells of a lookup whose decision is committed.
    pub(super) fn tell(&self, key: &AccountKey, part: Part, then: &Then) {
        let Some(sent) = part.sent.filter(|_| part.trace.is_sampled()) else {
            return;
        };
        if let Some(told) = told(then) {
            let spans = &self.surroundings.spans;
            spans.finished(|| self.span(key, part.trace, sent, &told));
        }
    }

    fn span(
        &self,
        key: &AccountKey,
        trace: TraceContext,
        sent: Monotonic,
        told: &Told<'_>,
    ) -> Span {
        let (trace_id, span_id, parent_id) = trace.ids();
        let ended = SystemTime::now();
        let project = self.surroundings.projects.label(told.lane);
        let attributes = [
            ("stackone.account", key.id.as_str()),
            ("stackone.project", project),
            ("stackone.disposition", told.disposition),
        ];
        Span {
            trace_id,
            span_id,
            parent_id,
            kind: Kind::Consumer,
            name: "reconcile account",
            started: ended
                .checked_sub(clock::monotonic() - sent)
                .unwrap_or(ended),
            ended,
            attributes: attributes
                .into_iter()
                .chain(told.more)
                .map(|(key, value)| (key, value.to_owned()))
                .collect(),
            failed: false,
        }
    }
}

/// What is said of a decision.
struct Told<'a> {
    lane: Lane,
    disposition: &'static str,
    /// The event or the reason, by the name of its attribute.
    more: Option<(&'static str, &'a str)>,
}

/// What is said of what happens to an account; nothing where no lookup is decided with it.
fn told(then: &Then) -> Option<Told<'_>> {
    let (lane, disposition, more) = match then {
        Then::Keep | Then::Release { .. } => return None,
        Then::Recheck { lane, .. } => (*lane, "recheck", None),
        Then::Finish(Finish {
            lane,
            disposition,
            event,
            ..
        }) => match disposition {
            Disposition::Emitted => {
                let event_type = event.as_ref().map(|event| event.event_type.as_str());
                let more = event_type.map(|name| ("stackone.event", name));
                (*lane, "emitted", more)
            }
            Disposition::Skipped(reason) => (*lane, "skipped", Some(("stackone.reason", *reason))),
            Disposition::DeadLettered { .. } => return None,
        },
    };
    Some(Told {
        lane,
        disposition,
        more,
    })
}
