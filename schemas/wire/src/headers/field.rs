//! Every header that a record can have. No other code spells a header's name.

use serde_json::{Value, json};
use stackone_link_schemas::DeadLetterReason;

/// A header: its name, what it says, and an example of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeaderField {
    /// The name in Kafka.
    pub(crate) name: &'static str,
    /// The meaning, in a sentence.
    pub(crate) about: &'static str,
    /// The form of its text.
    pub(crate) form: HeaderForm,
    /// An example of its text.
    pub(crate) example: &'static str,
}

/// The form of a header's text. It is always UTF-8, numbers included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderForm {
    /// Always this text.
    Always(&'static str),
    /// Any text.
    Text,
    /// A UUID.
    Uuid,
    /// A date and time by RFC 3339.
    Time,
    /// A whole number, not negative.
    Count,
    /// `true` or `false`.
    Flag,
    /// A URI reference.
    Reference,
    /// A W3C `traceparent`.
    Traceparent,
    /// A [`DeadLetterReason`].
    Reason,
}

impl HeaderField {
    /// Returns the JSON Schema of the text.
    pub(crate) fn schema(&self) -> Value {
        let mut schema = json!({
            "type": "string",
            "description": self.about,
            "examples": [self.example],
        });
        let (keyword, value) = match self.form {
            HeaderForm::Text => return schema,
            HeaderForm::Always(text) => ("const", json!(text)),
            HeaderForm::Uuid => ("format", json!("uuid")),
            HeaderForm::Time => ("format", json!("date-time")),
            HeaderForm::Count => ("pattern", json!("^[0-9]+$")),
            HeaderForm::Flag => ("enum", json!(["true", "false"])),
            HeaderForm::Reference => ("format", json!("uri-reference")),
            HeaderForm::Traceparent => (
                "pattern",
                json!("^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"),
            ),
            HeaderForm::Reason => ("examples", json!(DeadLetterReason::KNOWN)),
        };
        schema[keyword] = value;
        schema
    }
}

/// Declares headers, and the list of all of them.
macro_rules! headers {
    ($( $const:ident = $name:literal, $form:expr, $example:literal, $about:literal; )+) => {
        $(
            #[doc = concat!("`", $name, "`: ", $about)]
            pub(crate) const $const: HeaderField =
                HeaderField { name: $name, about: $about, form: $form, example: $example };
        )+

        /// Every header, in the order in which they are written.
        #[cfg(test)]
        pub(crate) const ALL: &[HeaderField] = &[$($const),+];
    };
}

headers! {
    CE_SPECVERSION = "ce_specversion", HeaderForm::Always("1.0"), "1.0",
        "The version of CloudEvents.";
    CE_ID = "ce_id", HeaderForm::Uuid, "deb87bb1-4ca2-512f-8d24-6fa9e2a99df5",
        "The event's id: the same however often the event is delivered.";
    CE_TYPE = "ce_type", HeaderForm::Text, "account.created",
        "What kind of record it is. Filter on it without parsing the value.";
    CE_SOURCE = "ce_source", HeaderForm::Reference, "/stackone/acmeinc-27270",
        "`/stackone/{project_id}`, or `/stackone` where the project is not known.";
    CE_SUBJECT = "ce_subject", HeaderForm::Text, "GnQoASvosYhE5wJcmmAQs",
        "The account id.";
    CE_TIME = "ce_time", HeaderForm::Time, "2026-03-04T09:12:44.102Z",
        "When it happened.";
    CE_DATASCHEMA = "ce_dataschema", HeaderForm::Reference, "urn:stackone-link:schema:account-lifecycle-event:v1",
        "The `$id` of the JSON Schema of the value, where the schema is ours.";
    CONTENT_TYPE = "content-type", HeaderForm::Text, "application/json",
        "Content type of the value.";
    TRACEPARENT = "traceparent", HeaderForm::Traceparent, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "W3C trace context: the trace that the record belongs to.";
    SOURCE = "stackone_source", HeaderForm::Text, "default",
        "The configured source whose secret signed the webhook.";
    RECEIVED_AT = "stackone_received_at", HeaderForm::Time, "2026-03-04T09:12:44.655Z",
        "When ingest had read and verified the webhook.";
    REASON = "stackone_reason", HeaderForm::Text, "unrecognized",
        "Why the webhook is of no use: ingest's outcome, `unrecognized` or `project_mismatch`. Open enum: others may be added.";
    DEAD_LETTER_REASON = "stackone_dead_letter_reason", HeaderForm::Reason, "lookup_rejected",
        "Why the record was put aside. Open enum: others may be added.";
    DEAD_LETTER_DETAIL = "stackone_dead_letter_detail", HeaderForm::Text, "the accounts API answered 422",
        "A line for a person, without data of the record.";
    DEAD_LETTER_ATTEMPTS = "stackone_dead_letter_attempts", HeaderForm::Count, "3",
        "How many lookups were made.";
    DEAD_LETTER_TOPIC = "stackone_dead_letter_topic", HeaderForm::Text, "stackone.account.events.v1",
        "The topic that the record came from.";
    DEAD_LETTER_PARTITION = "stackone_dead_letter_partition", HeaderForm::Count, "7",
        "Its partition there.";
    DEAD_LETTER_OFFSET = "stackone_dead_letter_offset", HeaderForm::Count, "1502",
        "Its offset there.";
    DEAD_LETTER_FIRST_SEEN = "stackone_dead_letter_first_seen", HeaderForm::Time, "2026-03-04T09:12:44.67Z",
        "When it was first consumed.";
    DEAD_LETTER_LAST_SEEN = "stackone_dead_letter_last_seen", HeaderForm::Time, "2026-03-04T09:12:46.2Z",
        "When it was put aside.";
    DEAD_LETTER_VALUE_EXPIRED = "stackone_dead_letter_value_expired", HeaderForm::Flag, "false",
        "Whether the record had expired from its topic, so that the value is empty.";
    REDRIVES = "stackone_redrives", HeaderForm::Count, "1",
        "How often the record was put back by a redrive.";
    REDRIVE_FIRST_SEEN = "stackone_redrive_first_seen", HeaderForm::Time, "2026-03-04T09:12:44.67Z",
        "When it was first consumed, before it was put aside and put back.";
}
