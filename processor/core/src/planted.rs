//! Faults that `tests/simulation` has to find. Without the feature `planted-faults`, which no binary has, there are none,
//! and what asks for them compiles to nothing.

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A transaction is committed without its offsets.
    OffsetsNotSent,
    /// Offsets are sent before the records are stored.
    FlushNotAwaited,
    /// Memory changes though the transaction was aborted.
    MemoryBeforeCommit,
    /// A commit that timed out is taken for an aborted one.
    TimedOutCommitAborted,
    /// A restore does not wait for open transactions of the state topic.
    RestoreBeforeLastStable,
    /// An offset is passed before its record is decided or written down.
    OffsetPassedEarly,
    /// Grace periods end at once.
    GraceCut,
    /// Records that come again are taken in again.
    ReplayCheckOff,
    /// An answer counts whatever assignment it was asked for under.
    EpochNotChecked,
    /// An event does not raise the version.
    VersionKept,
    /// An answer decides triggers that came after it was asked for.
    NewTriggersDecidedByOldAnswer,
    /// An answer that is older than its trigger is believed.
    LagRecheckOff,
    /// What was aborted is not tried again.
    AbortForgetsReady,
    /// What a list does not name is not looked at.
    MissingNotLookedAt,
    /// What a list shows otherwise is not looked at.
    ListedIgnored,
    /// A link is not told on the topic of links.
    LinkedNotWritten,
    /// What is handed over is not counted.
    HandedOverUncounted,
    /// What was pending is not queued after a restore.
    RestoredPendingForgotten,
    /// Records that come while their partition is restored are dropped.
    EarlyRecordsDropped,
    /// A failed transaction's producer is used on.
    FatalTakenForAborted,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::OffsetsNotSent,
        Self::FlushNotAwaited,
        Self::MemoryBeforeCommit,
        Self::TimedOutCommitAborted,
        Self::RestoreBeforeLastStable,
        Self::OffsetPassedEarly,
        Self::GraceCut,
        Self::ReplayCheckOff,
        Self::EpochNotChecked,
        Self::VersionKept,
        Self::NewTriggersDecidedByOldAnswer,
        Self::LagRecheckOff,
        Self::AbortForgetsReady,
        Self::MissingNotLookedAt,
        Self::ListedIgnored,
        Self::LinkedNotWritten,
        Self::HandedOverUncounted,
        Self::RestoredPendingForgotten,
        Self::EarlyRecordsDropped,
        Self::FatalTakenForAborted,
    ];
}

/// Whether a fault is planted.
#[cfg(not(feature = "planted-faults"))]
pub(crate) const fn planted(_: Fault) -> bool {
    false
}

#[cfg(feature = "planted-faults")]
pub use plant::plant;
#[cfg(feature = "planted-faults")]
pub(crate) use plant::planted;

#[cfg(feature = "planted-faults")]
mod plant {
    use std::cell::Cell;

    use super::Fault;

    std::thread_local! {
        static PLANTED: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    /// Plants a fault into all cores of this thread, or takes it away.
    pub fn plant(fault: Option<Fault>) {
        PLANTED.set(fault);
    }

    pub(crate) fn planted(fault: Fault) -> bool {
        PLANTED.get() == Some(fault)
    }
}
