//! What came of a webhook that `send` has sent, and the exit code that says so.

use std::process::ExitCode;

use reqwest::StatusCode;

/// What came of one webhook, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Accepted,
    Refused,
    ServerError,
    NoAnswer,
}

impl Verdict {
    pub(super) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            200 => Self::Accepted,
            500.. => Self::ServerError,
            _ => Self::Refused,
        }
    }

    pub(super) fn exit_code(self) -> ExitCode {
        match self {
            Self::Accepted => ExitCode::SUCCESS,
            Self::Refused => ExitCode::from(3),
            Self::ServerError => ExitCode::from(4),
            Self::NoAnswer => ExitCode::from(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_200_is_accepted_and_the_worst_verdict_has_the_highest_code() {
        assert_eq!(Verdict::of(StatusCode::OK), Verdict::Accepted);
        for refused in [
            StatusCode::NO_CONTENT,
            StatusCode::FOUND,
            StatusCode::UNAUTHORIZED,
        ] {
            assert_eq!(Verdict::of(refused), Verdict::Refused);
        }
        assert_eq!(
            Verdict::of(StatusCode::SERVICE_UNAVAILABLE),
            Verdict::ServerError
        );
        assert!(Verdict::NoAnswer > Verdict::ServerError && Verdict::Refused > Verdict::Accepted);
    }
}
