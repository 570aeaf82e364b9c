//! How the records of the account-link pipeline travel: Kafka client settings, the publisher.
//! What they look like on the wire is `stackone-link-wire`'s.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test starts threads as it likes"
    )
)]

mod client_error;
mod config;
mod contact;
mod headers;
mod properties;
mod publisher;
mod standalone;
pub mod tasks;
mod topic_admin;
pub mod topic_reader;

pub use client_error::ClientError;
pub use config::{ConfigError, KafkaConfig, SaslMechanism, Security};
pub use contact::{AskError, Contact, Inquirer, Trouble, TroubleKind};
pub use headers::{decode_headers, encode_headers};
pub use properties::refused_properties;
pub use publisher::{PublishError, Publisher, PublisherStatus, StartError, Stored};
pub use standalone::{EndIsNoError, Isolation, StandaloneConsumer, standalone_consumer};
pub use topic_admin::{TopicAdmin, TopicAdminError, TopicFinding, max_message_bytes};
pub use topic_reader::{
    Polled, ReadEnd, ReadError, ReadRange, ReadStart, Reading, Record, TopicReader,
};
