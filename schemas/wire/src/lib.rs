//! What the records of the account-link pipeline look like on the wire: topics, headers, keys'
//! partitions, who may read and write what, and the `AsyncAPI` document of it all.
//!
//! What `ingest`, `processor` and subscribers must agree on, or data is damaged, lives here once.
//! It knows no Kafka client and does no I/O; `stackone-link-transport` sends and receives.

mod acl;
pub mod asyncapi;
mod headers;
mod murmur2;
mod record;
mod topic;
mod trace;

pub use acl::{Acl, AclOperation, AclResource};
pub use headers::{DeadLetterHeaders, HeaderError, IngestHeaders, RecordHeaders, RedriveHeaders};
pub use murmur2::partition_of_key;
pub use record::OutgoingRecord;
pub use topic::{Cleanup, DEAD_LETTER_BYTES, Topic, TopicLayout, Topics};
pub use trace::TraceContext;
