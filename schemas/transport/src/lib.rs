//! How the records of the account-link pipeline travel: topics, headers, Kafka client settings, the publisher.
//!
//! What `ingest` and `processor` must agree on, or data is damaged, lives here once.

mod acl;
pub mod asyncapi;
mod config;
mod contact;
mod headers;
mod murmur2;
mod properties;
mod publisher;
mod record;
mod topic;
mod topic_admin;
mod trace;

pub use acl::{Acl, AclOperation, AclResource};
pub use config::{ConfigError, KafkaConfig, SaslMechanism, Security};
pub use contact::{AskError, Contact, Inquirer, InquirerError, Trouble, TroubleKind};
pub use headers::{DeadLetterHeaders, HeaderError, IngestHeaders, RecordHeaders, RedriveHeaders};
pub use murmur2::partition_of_key;
pub use properties::refused_properties;
pub use publisher::{PublishError, Publisher, PublisherStatus, StartError, Stored};
pub use record::OutgoingRecord;
pub use topic::{Cleanup, DEAD_LETTER_BYTES, Topic, TopicLayout, Topics};
pub use topic_admin::{TopicAdmin, TopicAdminError, TopicFinding, max_message_bytes};
pub use trace::TraceContext;
