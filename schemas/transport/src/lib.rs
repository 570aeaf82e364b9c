//! The part of the pipeline that talks to Kafka: client settings and security ([`KafkaConfig`]),
//! the [`Publisher`], the [`TopicReader`], and [`TopicAdmin`].
//!
//! `stackone-link-wire` says which topics, keys and headers the records have.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test starts threads as it likes"
    )
)]

mod certificates;
mod client_error;
mod client_settings;
mod config;
mod contact;
mod credentials;
mod failures;
mod headers;
mod properties;
mod publisher;
mod security;
mod standalone;
pub mod tasks;
mod topic_admin;
pub mod topic_reader;

pub use certificates::{Renewal, clients_are_renewed, register_client_renewals};
pub use client_error::{ClientError, ConfigError};
pub use client_settings::ClientSettings;
pub use config::{ANSWER_TIMEOUT, DEFAULT_ANSWER_TIMEOUT, KafkaConfig};
pub use contact::{AskError, Contact, Inquirer, Trouble, TroubleKind, why_no_broker_answers};
pub use credentials::{Live, TakesCredentials};
pub use failures::{credential_failures, register_credential_failures};
pub use headers::{decode_headers, encode_headers};
pub use properties::refused_properties;
pub use publisher::{PublishError, Publisher, PublisherStatus, StartError, Stored};
pub use security::{SaslMechanism, Security};
pub use stackone_link_kafka_auth::{Extensions, OidcSettings, TokenSettings};
pub use standalone::{EndIsNoError, Isolation, StandaloneConsumer, standalone_consumer};
pub use topic_admin::{TopicAdmin, TopicAdminError, TopicFinding, TopicLimit, max_message_bytes};
pub use topic_reader::{
    Polled, ReadEnd, ReadError, ReadRange, ReadStart, Reading, Record, TopicReader,
};
