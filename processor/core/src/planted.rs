//! Faults that `tests/simulation` has to find. Only the feature `planted-faults` compiles them, and
//! no binary has it.

/// The faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A transaction is committed without its offsets.
    OffsetsNotSent,
    /// Offsets are sent before the records are stored.
    FlushNotAwaited,
    /// Memory changes although the transaction was aborted.
    MemoryBeforeCommit,
    /// A commit that timed out counts as aborted.
    TimedOutCommitAborted,
    /// A restore does not wait for open transactions of the state topic.
    RestoreBeforeLastStable,
    /// An offset is committed before its record is decided or written as pending.
    OffsetPassedEarly,
    /// Grace periods end at once.
    GraceCut,
    /// Records that come again are processed again.
    ReplayCheckOff,
    /// An answer counts although its partition was assigned anew since the request.
    EpochNotChecked,
    /// An event does not raise the version.
    VersionKept,
    /// An answer decides triggers that came after it was asked for.
    NewTriggersDecidedByOldAnswer,
    /// An answer that is older than its trigger is believed.
    LagRecheckOff,
    /// Decisions of an aborted transaction are forgotten.
    AbortForgetsReady,
    /// Accounts that a list does not have are not looked up.
    MissingNotLookedAt,
    /// Accounts that a list shows otherwise are not looked up.
    ListedIgnored,
    /// A link is not written to the linked topic.
    LinkedNotWritten,
    /// Records that are handed over are not counted.
    HandedOverUncounted,
    /// Pending work is not queued after a restore.
    RestoredPendingForgotten,
    /// Records that come during the restore of their partition are dropped.
    EarlyRecordsDropped,
    /// The producer of a failed transaction is used again.
    FatalTakenForAborted,
}

impl Fault {
    /// Every fault.
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

/// Whether this fault is planted.
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

    /// Plants a fault into all cores of this thread, or removes it.
    pub fn plant(fault: Option<Fault>) {
        PLANTED.set(fault);
    }

    pub(crate) fn planted(fault: Fault) -> bool {
        PLANTED.get() == Some(fault)
    }
}
