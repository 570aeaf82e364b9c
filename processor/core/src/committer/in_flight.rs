//! The transaction that is under way.

use std::vec::IntoIter;

use super::effect::Effect;
use super::ready_to_commit::ReadyToCommit;
use super::stage::Stage;
use crate::time::Monotonic;

/// A transaction that is under way.
///
/// To stage and to apply a thousand items takes longer than many answers of the API. So both are
/// done in parts, and between two parts answers are taken and lookups sent: otherwise the API would
/// have nothing to answer. As while the transaction is committed, no other input is taken, so
/// nothing changes that is staged.
#[derive(Debug)]
pub enum InFlight {
    /// Decisions are staged.
    Staging {
        /// What is staged.
        stage: Box<Stage>,
        /// The items of the transaction.
        ready: Vec<ReadyToCommit>,
        /// How many of them are staged.
        staged: usize,
        /// Whether it writes markers.
        markers: bool,
    },
    /// The transaction is committed by the code around the core.
    Committing {
        /// The changes of memory that follow the commit.
        effects: Vec<Effect>,
        /// Which of the round's transactions it is.
        round: Round,
        /// When the commit began.
        began: Monotonic,
    },
    /// The transaction is committed, and memory is changed.
    Applying {
        /// The changes that are left.
        effects: IntoIter<Effect>,
        /// Which of the round's transactions it is.
        round: Round,
    },
}

/// The transactions of one round, in their order. Each takes the items of its kind, and is left out
/// where there are none.
#[derive(Debug)]
pub enum Round {
    /// The transaction of decisions, and of markers where they are due.
    Decided {
        /// The items that it commits.
        ready: Vec<ReadyToCommit>,
        /// Whether it writes markers.
        markers: bool,
    },
    /// The transaction of releases by an operator.
    Releases,
    /// The transaction of held dead letters, with their number.
    Letters(usize),
}
