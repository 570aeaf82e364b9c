//! The parts that every record has, whatever its value: `CloudEvents` attributes and deterministic
//! ids.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use sha1::{Digest, Sha1};
use uuid::{Builder, Uuid, uuid};

/// Namespace of every `UUIDv5` this pipeline makes. Fixed for ever: ids must not change between
/// versions.
const NAMESPACE: Uuid = uuid!("6f1d3c52-8a0e-5b7c-9d43-51a2c07be9f4");

/// What is set aside for the fields of an identity, so that nearly all fit at once.
const ROOM: usize = 256;

/// `ce_dataschema` of an [`AccountLifecycleEvent`](crate::AccountLifecycleEvent).
pub const LIFECYCLE_DATASCHEMA: &str = "urn:stackone-link:schema:account-lifecycle-event:v1";
/// `ce_dataschema` of an [`AccountState`](crate::AccountState).
pub const STATE_DATASCHEMA: &str = "urn:stackone-link:schema:account-state:v1";
/// `ce_type` of every record of the state topic.
pub const STATE_TYPE: &str = "account.state";
/// `ce_type` of a record whose body names no event.
pub const UNRECOGNIZED_TYPE: &str = "stackone.unrecognized";

/// The attributes of a record as a `CloudEvent` in Kafka binary mode (CloudEvents 1.0, Kafka
/// protocol binding §3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudEvent {
    /// `ce_id`: unique with `source`; the same for every delivery of the same event.
    /// From `CloudEvents` 1.0, `id`.
    ///
    /// Example: `"deb87bb1-4ca2-512f-8d24-6fa9e2a99df5"`
    pub id: Uuid,
    /// `ce_type`: StackOne's event name verbatim, or one of our lifecycle types.
    /// From `CloudEvents` 1.0, `type`.
    ///
    /// Example: `"account.linked"`
    pub event_type: String,
    /// `ce_source`: `/stackone/{project_id}`, or `/stackone` where the project is not known.
    /// From `CloudEvents` 1.0, `source`.
    ///
    /// Example: `"/stackone/acmeinc-27270"`
    pub source: String,
    /// `ce_subject`: the account id.
    /// From `CloudEvents` 1.0, `subject`.
    ///
    /// Example: `"GnQoASvosYhE5wJcmmAQs"`
    pub subject: Option<String>,
    /// `ce_time`: when it happened.
    /// From `CloudEvents` 1.0, `time`.
    ///
    /// Example: `"2026-03-04T09:12:44.102Z"`
    pub time: Option<Timestamp>,
    /// `ce_dataschema`: where we own the schema of the value.
    /// From `CloudEvents` 1.0, `dataschema`.
    ///
    /// Example: `"urn:stackone-link:schema:account-lifecycle-event:v1"`
    pub dataschema: Option<String>,
}

/// Returns the `ce_source` of a project's records.
#[must_use]
pub fn source_of_project(project_id: Option<&str>) -> String {
    match project_id {
        Some(project) => ["/stackone/", project].concat(),
        None => "/stackone".to_owned(),
    }
}

/// The fields that make a webhook *the same event*, whenever and however often it is delivered.
///
/// StackOne sends no delivery id, and whether `sent_at` changes between attempts is not documented.
#[derive(Debug, Clone, Copy)]
pub struct EventIdentity<'a> {
    /// The project it was sent for.
    /// From the webhook's `project_id`.
    ///
    /// Example: `"acmeinc-27270"`
    pub project_id: &'a str,
    /// What it says happened.
    /// From the webhook's `event`.
    ///
    /// Example: `"account.created"`
    pub event: &'a str,
    /// The account.
    /// From the webhook's `account_id`.
    ///
    /// Example: `"GnQoASvosYhE5wJcmmAQs"`
    pub account_id: &'a str,
    /// What kind of record it is about.
    /// From the webhook's `record_type`.
    ///
    /// Example: `"account"`
    pub record_type: &'a str,
    /// The record, as it stands in the body: a JSON string or number.
    /// From the webhook's `record_id`.
    ///
    /// Example: `45320`
    pub record_id: &'a RawValue,
    /// When it happened, as it stands in the body.
    /// From the webhook's `event_date`.
    ///
    /// Example: `"2026-03-04T09:12:44.102Z"`
    pub event_date: &'a str,
}

impl EventIdentity<'_> {
    /// Returns the `ce_id` of an event.
    ///
    /// For anything but an account event, `other_members` are all members of the body except
    /// `sent_at`, in a fixed order: two native events within one second share all the fields of the
    /// identity.
    #[must_use]
    pub fn event_id<'m>(
        &self,
        other_members: impl IntoIterator<Item = (&'m str, &'m str)>,
    ) -> Uuid {
        let Self {
            project_id,
            event,
            account_id,
            record_type,
            record_id,
            event_date,
        } = self;
        let identity = (
            project_id,
            event,
            account_id,
            record_type,
            record_id,
            event_date,
        );
        let mut id = IdOf::new();
        id.add_json(&identity);
        for (member, json) in other_members {
            for part in ["\n", member, "=", json] {
                id.add(part.as_bytes());
            }
        }
        id.finish()
    }
}

/// Returns the `ce_id` of a body that lacks a field of the identity: the hash of all its bytes.
#[must_use]
pub fn event_id_of_body(body: &[u8]) -> Uuid {
    let mut id = IdOf::new();
    id.add(body);
    id.finish()
}

/// Returns the id of the lifecycle event with the version `version` of an account.
pub(crate) fn lifecycle_event_id(project_id: Option<&str>, account_id: &str, version: u64) -> Uuid {
    let mut id = IdOf::new();
    id.add_json(&(project_id, account_id, version));
    id.finish()
}

/// Returns the id of a name.
pub(crate) fn id_of_name(name: &[u8]) -> Uuid {
    let mut id = IdOf::new();
    id.add(name);
    id.finish()
}

/// The `UUIDv5` (RFC 9562 §5.5) of a name in the pipeline's namespace. It takes the name in parts,
/// so that no body is copied, and hashes with the processor's own instructions, where it has them.
struct IdOf(Sha1);

impl IdOf {
    fn new() -> Self {
        Self(Sha1::new_with_prefix(NAMESPACE))
    }

    fn add(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    fn add_json(&mut self, value: &impl Serialize) {
        let mut json = Vec::with_capacity(ROOM);
        if serde_json::to_writer(&mut json, value).is_ok() {
            self.add(&json);
        }
    }

    fn finish(self) -> Uuid {
        let [bytes @ .., _, _, _, _] = <[u8; 20]>::from(self.0.finalize());
        Builder::from_sha1_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(record_id: &RawValue) -> EventIdentity<'_> {
        EventIdentity {
            project_id: "acmeinc-27270",
            event: "account.created",
            account_id: "45320",
            record_type: "account",
            record_id,
            event_date: "2026-03-04T09:12:44.102Z",
        }
    }

    #[test]
    fn the_id_of_an_event_is_pinned_for_ever() {
        let record_id = RawValue::from_string("45320".to_owned()).unwrap();
        let id = identity(&record_id).event_id([]);
        assert_eq!(id, uuid!("deb87bb1-4ca2-512f-8d24-6fa9e2a99df5"));
    }

    #[test]
    fn a_numeric_record_id_is_not_the_same_event_as_its_text() {
        let number = RawValue::from_string("45320".to_owned()).unwrap();
        let text = RawValue::from_string("\"45320\"".to_owned()).unwrap();
        assert_ne!(identity(&number).event_id([]), identity(&text).event_id([]));
    }

    #[test]
    fn members_of_the_body_tell_events_of_the_same_second_apart() {
        let record_id = RawValue::from_string("1".to_owned()).unwrap();
        let identity = identity(&record_id);
        assert_ne!(
            identity.event_id([("raw_event", "1")]),
            identity.event_id([("raw_event", "2")])
        );
    }
}
