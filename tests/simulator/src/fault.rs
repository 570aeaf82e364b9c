//! What can be wrong with the accounts API, switched on and off while it runs.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::account::AccountId;
use crate::milliseconds;
use crate::session::AttemptStatus;

/// What goes wrong with a request that was authenticated and is within the rate limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The answer comes late. The only fault that adds to another.
    Latency {
        /// How late.
        #[serde(rename = "ms", with = "milliseconds")]
        delay: Duration,
    },
    /// The answer is worked out when the request comes, and sent later: what it says may be over by
    /// then.
    Stale {
        /// How much later.
        #[serde(rename = "ms", with = "milliseconds")]
        delay: Duration,
    },
    /// Another status, with StackOne's JSON error body, or with `body` as a gateway's HTML.
    Status {
        /// The status, 400 to 599.
        status: u16,
        /// The header `Retry-After`.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
        /// A body that is not StackOne's.
        #[serde(default)]
        body: Option<String>,
    },
    /// 200 with JSON that ends in the middle.
    TruncatedJson,
    /// 200 with an HTML page.
    Html,
    /// 200 with another account's id.
    WrongId,
    /// The request is accepted and not answered before the fault is switched off.
    Hang,
    /// 302 to another place.
    Redirect {
        /// The header `Location`.
        location: String,
    },
    /// The connection is closed without an answer.
    Drop,
    /// 200 with a body of more than `bytes` bytes, otherwise right.
    HugeBody {
        /// How much is added.
        #[serde(default = "five_mebibytes")]
        bytes: usize,
    },
    /// A list pays no attention to its query: no filter, always the first page.
    IgnoreQuery,
    /// A list has no more than so many accounts a page, whatever page size it was asked for.
    CapPage {
        /// How many.
        accounts: usize,
    },
    /// A list in the opposite order.
    ReverseList,
    /// A list that ends with an account nobody asked for.
    ExtraAccount,
    /// A list in the other of the two documented shapes.
    OtherShape,
    /// An OAuth attempt comes to this when it is next asked about, whatever the person in the popup
    /// does.
    #[serde(rename = "oauth")]
    OAuth {
        /// To what.
        outcome: AttemptStatus,
        /// What the provider says, of an error.
        #[serde(default)]
        code: Option<String>,
        /// The same in words.
        #[serde(default)]
        description: Option<String>,
    },
    /// What the Hub is told to create becomes an edit of an account that the tenant has of this
    /// provider, `multiple` or not.
    CreateAsEdit,
    /// The right answer with another time in its header `Date`, as where a clock is wrong.
    WrongDate {
        /// How many seconds from now; negative for a clock that is behind.
        ahead_seconds: i64,
    },
}

fn five_mebibytes() -> usize {
    5 * 1024 * 1024
}

impl Fault {
    /// The documented answer to too many requests.
    #[must_use]
    pub fn too_many_requests(retry_after_seconds: u64) -> Self {
        Self::Status {
            status: 429,
            retry_after: Some(RetryAfter::Seconds(retry_after_seconds)),
            body: None,
        }
    }

    /// An error status with StackOne's JSON body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status {
            status,
            retry_after: None,
            body: None,
        }
    }
}

/// The two forms of `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// A number of seconds, as StackOne documents it.
    Seconds(u64),
    /// An HTTP date so many seconds from now.
    DateInSeconds(u64),
}

/// What a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `GET /accounts/{id}`
    Get,
    /// `GET /accounts`
    List,
    /// `DELETE /accounts/{id}`
    Delete,
    /// `POST /connect_sessions`
    CreateSession,
    /// `POST /connect_sessions/authenticate`
    Authenticate,
    /// In a rule: any of the Hub's calls.
    Hub,
    /// `GET /hub/settings`
    HubSettings,
    /// `GET /hub/connectors`, `GET /hub/connectors/{integration_id}`
    HubConnectors,
    /// `GET /hub/accounts/{id}`
    HubAccount,
    /// `POST /hub/accounts`, `PATCH /hub/accounts/{id}`
    HubSave,
    /// `POST /hub/connection_attempts`
    HubAttempt,
    /// `GET /hub/connection_attempts/{id}`
    HubPoll,
    /// `DELETE /hub/connection_attempts/{id}`
    HubCancel,
    /// The OAuth popup's pages.
    Popup,
    /// The Auth Link's pages.
    AuthLink,
}

impl Operation {
    /// Whether a rule for this is one for `asked`.
    pub(crate) fn covers(self, asked: Self) -> bool {
        let is_of_hub = match asked {
            Self::Hub
            | Self::HubSettings
            | Self::HubConnectors
            | Self::HubAccount
            | Self::HubSave
            | Self::HubAttempt
            | Self::HubPoll
            | Self::HubCancel => true,
            Self::Get
            | Self::List
            | Self::Delete
            | Self::CreateSession
            | Self::Authenticate
            | Self::Popup
            | Self::AuthLink => false,
        };
        self == asked || (self == Self::Hub && is_of_hub)
    }
}

/// A fault, and the requests that it befalls: all that its conditions allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRule {
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
    /// Only requests with this project's key.
    #[serde(default)]
    pub project_id: Option<String>,
    /// Only requests that name this account: as the one to get, or among `account_ids`.
    #[serde(default)]
    pub account_id: Option<AccountId>,
    /// Only this kind of request.
    #[serde(default)]
    pub operation: Option<Operation>,
    /// Only so many more requests; a rule that is used up stays listed, with 0.
    #[serde(default)]
    pub remaining: Option<u32>,
}

impl FaultRule {
    /// The fault for every request, until it is cleared.
    #[must_use]
    pub fn always(fault: Fault) -> Self {
        Self {
            fault,
            project_id: None,
            account_id: None,
            operation: None,
            remaining: None,
        }
    }

    /// The fault for the next `requests` requests.
    #[must_use]
    pub fn next(requests: u32, fault: Fault) -> Self {
        Self {
            remaining: Some(requests),
            ..Self::always(fault)
        }
    }

    /// The same, only for requests that name this account.
    #[must_use]
    pub fn for_account(self, id: &AccountId) -> Self {
        Self {
            account_id: Some(id.clone()),
            ..self
        }
    }

    /// The same, only for requests with this project's key.
    #[must_use]
    pub fn for_project(self, project_id: &str) -> Self {
        Self {
            project_id: Some(project_id.to_owned()),
            ..self
        }
    }

    /// The same, only for this kind of request.
    #[must_use]
    pub fn for_operation(self, operation: Operation) -> Self {
        Self {
            operation: Some(operation),
            ..self
        }
    }

    /// A rule that cannot be carried out, and why.
    ///
    /// # Errors
    ///
    /// When a status is not 400 to 599, which could not be told from a right answer.
    pub fn validate(&self) -> Result<(), InvalidFault> {
        if let Fault::Status { status, .. } = self.fault
            && !(400..600).contains(&status)
        {
            return Err(InvalidFault { status });
        }
        Ok(())
    }
}

/// A fault's status that is no error status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a fault's status is 400 to 599, not {status}")]
pub struct InvalidFault {
    status: u16,
}

/// Names a rule that is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultId(pub u64);

/// A rule that is switched on. `released` is cancelled when it is cleared, so that what hangs goes
/// on.
#[derive(Debug)]
pub(crate) struct ActiveFault {
    pub(crate) id: FaultId,
    pub(crate) rule: FaultRule,
    pub(crate) released: CancellationToken,
}
