//! Sorts errors by why something could not be observed.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use stackone_link_transport::{AskError, ClientError, ReadError, TopicAdminError};

use crate::doctor::seen::Unseen;
use stackone_processor::reader::ReaderError;

impl From<KafkaError> for Unseen {
    fn from(error: KafkaError) -> Self {
        // rdkafka's accessor of error codes does not cover admin requests.
        let code = if let KafkaError::AdminOp(code) = &error {
            Some(*code)
        } else {
            error.rdkafka_error_code()
        };
        match code {
            Some(
                RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed,
            ) => Self::Forbidden,
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                Self::Missing
            }
            Some(RDKafkaErrorCode::UnsupportedFeature | RDKafkaErrorCode::UnsupportedVersion) => {
                Self::Unsupported
            }
            _ => Self::failed(error.to_string()),
        }
    }
}

impl From<AskError> for Unseen {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Kafka(error) => error.into(),
            AskError::Trouble { trouble, .. } => Self::Failed {
                advice: Some(trouble.advice()),
                reason: trouble.reason,
            },
        }
    }
}

impl From<TopicAdminError> for Unseen {
    fn from(error: TopicAdminError) -> Self {
        match error {
            TopicAdminError::NoAnswer(error) => error.into(),
            TopicAdminError::Kafka(error) => error.into(),
            TopicAdminError::SettingsForbidden { .. } => Self::Forbidden,
            TopicAdminError::Config(_) | TopicAdminError::NotMade { .. } => {
                Self::failed(error.to_string())
            }
        }
    }
}

impl From<ReadError> for Unseen {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Forbidden { .. } => Self::Forbidden,
            ReadError::Missing(_) => Self::Missing,
            ReadError::Kafka(error) | ReadError::Client(ClientError::Kafka(error)) => error.into(),
            ReadError::Stalled { .. } | ReadError::Client(ClientError::Config(_)) => {
                Self::failed(error.to_string())
            }
        }
    }
}

impl From<ReaderError> for Unseen {
    fn from(error: ReaderError) -> Self {
        match error {
            ReaderError::Kafka(error) => error.into(),
            ReaderError::Config(error) => Self::failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_admin_request_was_refused_for_is_known() {
        let seen = |code| Unseen::from(KafkaError::AdminOp(code));
        let forbidden = seen(RDKafkaErrorCode::TopicAuthorizationFailed);
        assert!(matches!(forbidden, Unseen::Forbidden));
        let unsupported = seen(RDKafkaErrorCode::UnsupportedFeature);
        assert!(matches!(unsupported, Unseen::Unsupported));
        let silent = seen(RDKafkaErrorCode::OperationTimedOut);
        assert!(matches!(silent, Unseen::Failed { .. }));
    }
}
