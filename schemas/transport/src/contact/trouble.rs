//! Why no broker answers, in words, and what to do about it.

use std::fmt;

use rdkafka::error::RDKafkaErrorCode;

/// What kept a client from its brokers, the vaguest first: where several were told, the last kind is the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TroubleKind {
    /// Nobody listens, or the connection breaks.
    Connection,
    /// The name of a broker has no address.
    Name,
    /// TLS fails, most often over a certificate.
    Tls,
    /// The broker refuses user name and password, or there is no password.
    Credentials,
    /// The broker refuses the token, or there is none.
    Token,
}

/// What kept a client from its brokers. Its `Display` is one line that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Which kind.
    pub kind: TroubleKind,
    /// librdkafka's words.
    pub reason: String,
}

impl Trouble {
    pub(super) fn of(code: Option<RDKafkaErrorCode>, reason: &str) -> Option<Self> {
        let kind = match code {
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
                TroubleKind::Credentials
            }
            Some(RDKafkaErrorCode::SSL) => TroubleKind::Tls,
            // What the broker has against our certificate comes after the handshake, in the words of OpenSSL.
            Some(RDKafkaErrorCode::BrokerTransportFailure) if reason.contains("SSL routines") => {
                TroubleKind::Tls
            }
            Some(RDKafkaErrorCode::Resolve) => TroubleKind::Name,
            Some(
                RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::OperationTimedOut,
            ) => TroubleKind::Connection,
            _ => return None,
        };
        let reason = reason.to_owned();
        Some(Self { kind, reason })
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self.kind {
            TroubleKind::Connection => {
                "check kafka.bootstrap_servers, the network, and that kafka.security.kind is that of the listener"
            }
            TroubleKind::Name => "check the host names in kafka.bootstrap_servers",
            TroubleKind::Tls => {
                "check kafka.security: ca_file must hold the authority that signed the brokers' certificates, which must \
                 name the hosts of kafka.bootstrap_servers; where the listener wants a certificate of ours, \
                 certificate_file and key_file"
            }
            TroubleKind::Credentials => {
                "check kafka.security: mechanism, username, and the password in password_file, against the user on the \
                 brokers"
            }
            TroubleKind::Token => {
                "check kafka.security.token, the issuer and the audience that the brokers ask for, and this machine's clock"
            }
        }
    }

    /// Whether waiting cannot help.
    pub(super) const fn is_for_good(&self) -> bool {
        match self.kind {
            TroubleKind::Connection | TroubleKind::Name => false,
            TroubleKind::Tls | TroubleKind::Credentials | TroubleKind::Token => true,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}; {}", self.reason, self.advice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_says_which_setting_to_look_at() {
        for (code, setting) in [
            (
                RDKafkaErrorCode::BrokerTransportFailure,
                "kafka.bootstrap_servers",
            ),
            (RDKafkaErrorCode::Resolve, "kafka.bootstrap_servers"),
            (RDKafkaErrorCode::SSL, "ca_file"),
            (RDKafkaErrorCode::Authentication, "password_file"),
        ] {
            let told = Trouble::of(Some(code), "what librdkafka says")
                .unwrap()
                .to_string();
            assert!(
                told.starts_with("what librdkafka says; check ") && told.contains(setting),
                "{told}"
            );
        }
    }
}
