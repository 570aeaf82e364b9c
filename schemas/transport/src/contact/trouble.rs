//! Reasons why no broker answers, each with advice.

use std::fmt;

use rdkafka::error::RDKafkaErrorCode;

/// The kinds of trouble, the vaguest first: of several reports, the one of the last kind is the
/// cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TroubleKind {
    /// Nobody listens at the address, or the connection breaks.
    Connection,
    /// The name of a broker does not resolve to an address.
    Name,
    /// The TLS handshake fails, most often because of a certificate.
    Tls,
    /// The broker refuses user name and password, or there is no password.
    Credentials,
    /// The broker refuses the token, or there is none.
    Token,
}

/// A report of what keeps a client from its brokers. `Display` writes one line that says what to
/// do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The kind, which decides the advice.
    pub kind: TroubleKind,
    /// The reason in librdkafka's words.
    pub reason: String,
}

impl Trouble {
    pub(super) fn of(code: Option<RDKafkaErrorCode>, reason: &str) -> Option<Self> {
        let kind = match code {
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
                TroubleKind::Credentials
            }
            Some(RDKafkaErrorCode::SSL) => TroubleKind::Tls,
            // A broker refuses a client's certificate after the handshake; then the reason is
            // OpenSSL's.
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

    /// Returns advice for an operator.
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

    /// Returns whether waiting cannot help.
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
