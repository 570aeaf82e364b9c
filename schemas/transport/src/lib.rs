//! How the records of the account-link pipeline travel: Kafka client settings, the publisher.
//! What they look like on the wire is `stackone-link-wire`'s.

mod config;
mod contact;
mod headers;
mod properties;
mod publisher;
mod topic_admin;

pub use config::{ConfigError, KafkaConfig, SaslMechanism, Security};
pub use contact::{AskError, Contact, Inquirer, InquirerError, Trouble, TroubleKind};
pub use headers::{decode_headers, encode_headers};
pub use properties::refused_properties;
pub use publisher::{PublishError, Publisher, PublisherStatus, StartError, Stored};
pub use topic_admin::{TopicAdmin, TopicAdminError, TopicFinding, max_message_bytes};
