//! A line: who did what to which account, and what came of it.

/// Who does something. A webhook passes them from top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// The simulator.
    StackOne,
    /// Somebody who does not know the secret.
    Stranger,
    /// The service that takes webhooks in.
    Ingest,
    /// What lists the accounts.
    Resync,
    /// The same, when it asks the processor to look at what it has listed.
    ResyncTrigger,
    /// The service that confirms them.
    Processor,
    /// Whoever reads all that happens to accounts.
    Subscriber,
    /// A service that waits for new accounts, and for nothing else.
    Service,
    /// The page of a host product, in which a customer links an account.
    Page,
}

impl Who {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::StackOne => "StackOne",
            Self::Stranger => "a stranger",
            Self::Ingest => "ingest",
            Self::Resync | Self::ResyncTrigger => "resync",
            Self::Processor => "processor",
            Self::Subscriber => "subscriber",
            Self::Service => "a service",
            Self::Page => "the page",
        }
    }

    pub(super) const fn style(self) -> &'static str {
        match self {
            Self::StackOne => "\x1b[36m",
            Self::Stranger => "\x1b[31m",
            Self::Ingest => "\x1b[34m",
            Self::Resync | Self::ResyncTrigger => "\x1b[33m",
            Self::Processor => "\x1b[35m",
            Self::Subscriber | Self::Service | Self::Page => "\x1b[1m",
        }
    }
}

/// How a verdict is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// Refused, failed or put aside.
    Bad,
    /// Of no consequence.
    Quiet,
}

impl Tone {
    pub(super) const fn style(self) -> &'static str {
        match self {
            Self::Good => "\x1b[32m",
            Self::Bad => "\x1b[31m",
            Self::Quiet => "\x1b[2m",
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Who did it.
    pub who: Who,
    /// What.
    pub what: String,
    /// To which account.
    pub account: String,
    /// What came of it.
    pub verdict: String,
    /// How that is meant.
    pub tone: Tone,
}
