//! What clients ask of the cluster, and what it answers.

use std::collections::BTreeSet;

use stackone_processor_core::steps::restore;

use super::TopicPartition;
use super::group::{MemberId, Refused};
use super::log::{Fetched, New};

/// What a client asks. It comes back with the reply.
#[derive(Debug)]
pub enum Call {
    /// Register the transactional id.
    Init,
    /// Store records of a transaction.
    Produce {
        /// The producer's epoch.
        epoch: u64,
        /// The client's count of its transactions.
        client: u64,
        /// Where.
        target: TopicPartition,
        /// What.
        records: Vec<New>,
    },
    /// Add offsets to the transaction.
    SendOffsets {
        /// The producer's epoch.
        epoch: u64,
        /// The client's count of its transactions.
        client: u64,
        /// Member and generation.
        group: (MemberId, u64),
        /// By partition of the events topic.
        offsets: Vec<(i32, i64)>,
    },
    /// End the transaction.
    End {
        /// The producer's epoch.
        epoch: u64,
        /// The client's count of its transactions.
        client: u64,
        /// Commit it, or abort it.
        is_commit: bool,
    },
    /// Join the group, or join it again.
    Join {
        /// As whom; none for a new member.
        member: Option<MemberId>,
        /// What it owns.
        owned: BTreeSet<i32>,
    },
    /// The member lives.
    Heartbeat(MemberId, u64),
    /// The member leaves.
    Leave(MemberId),
    /// The group's offset, where reading begins.
    Committed(i32),
    /// Read records.
    Fetch {
        /// Of this partition of the events topic.
        partition: i32,
        /// From here on.
        from: i64,
        /// For this assignment of the client's.
        version: u64,
    },
    /// A call of a restore.
    Restore {
        /// The partition.
        partition: i32,
        /// Its assignment.
        epoch: u64,
        /// The call.
        call: restore::RestoreCall,
        /// Where reading goes on.
        position: i64,
    },
    /// Read one record again.
    ReadAt {
        /// For this one of the client's jobs.
        job: u64,
        /// The partition.
        partition: i32,
        /// The offset.
        offset: i64,
    },
    /// The low watermark.
    Low {
        /// For this one of the client's jobs.
        job: u64,
        /// The partition.
        partition: i32,
    },
    /// Partition count and watermarks of these partitions and assignments.
    Cluster(Vec<(i32, u64)>),
    /// Markers of former lists.
    Markers {
        /// The partition that is read.
        partition: i32,
        /// Its assignment.
        epoch: u64,
        /// What is below was taken in.
        committed: i64,
        /// How far back.
        since_ms: i64,
    },
    /// Store a record of a list.
    Publish {
        /// Where.
        target: TopicPartition,
        /// What.
        new: New,
    },
}

/// A partition, its assignment, and its low and high watermark, where they are told.
pub type Ranged = (i32, u64, Option<(i64, i64)>);

/// What the cluster answers.
#[derive(Debug)]
pub enum Reply {
    /// Nothing in time.
    None,
    /// It is done.
    Done,
    /// The producer's epoch.
    Epoch(u64),
    /// Try again: the last transaction has not ended everywhere.
    Concurrent,
    /// The producer is fenced.
    Fenced,
    /// There is no such transaction.
    InvalidState,
    /// The group refuses the member.
    NoMember(Refused),
    /// Its id. The rest comes when the join has completed.
    Member(MemberId),
    /// The offset is in an open transaction.
    Unstable,
    /// A committed offset.
    Committed(Option<i64>),
    /// An offset or a count.
    Offset(i64),
    /// Low and high watermark.
    Watermarks(i64, i64),
    /// Records.
    Records(Fetched),
    /// Of each partition and assignment.
    Cluster(Vec<Ranged>),
}
