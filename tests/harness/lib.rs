//! What the pipeline's tests, and the demo, run on: a broker, names that no other test uses, a
//! reader of topics, one type for a service as a process, and one way to wait.
//!
//! [`Broker::start`] gives the broker that the environment asks for:
//!
//! | environment | broker | proves |
//! | --- | --- | --- |
//! | `KAFKA_BOOTSTRAP_SERVERS` is set | that one | everything but what needs a broker to be stopped |
//! | feature `container` | one Apache Kafka container for all tests of the process; `KAFKA_IMAGE` names its image | everything |
//! | neither | librdkafka's mock cluster, in this process | logic |
//!
//! A test that only a real broker can pass is compiled only with the feature `container`, so that
//! no run skips it in silence. One that stops or pauses its broker starts a `DedicatedBroker`.
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts threads as it likes"
)]
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a harness that cannot do its work fails the test, with a message that says why"
)]

mod broker;
mod contract;
mod deadline;
mod isolation;
mod metrics;
mod on_purpose;
mod pipeline;
mod ports;
mod read_record;
mod service;
mod shell_blocks;
mod topic_reader;
mod unique;

pub use broker::{Broker, BrokerKind};
#[cfg(feature = "container")]
pub use broker::{Cluster, DedicatedBroker, Node, ProxiedBroker, SecuredBroker, SmallDiskBroker};
pub use deadline::{Overdue, eventually};
pub use isolation::Isolation;
pub use metrics::{Metrics, metric_is, readiness};
pub use on_purpose::{NAMES_FILE, PANIC_IN, PANIC_TIMES, panic_on_purpose};
pub use pipeline::{
    API_KEY, Disturbance, OTHER_PROJECT, PATIENT, PROJECT, Pipeline, ProcessorInProcess, SECRET,
    Setup, Step, WITHIN, assert_story, ended, ingest_command, ingest_process, states, story_of,
    transitions,
};
pub use ports::free_port;
pub use read_record::ReadRecord;
pub use service::{ServiceProcess, program};
pub use shell_blocks::{RunBy, ShellBlock, repository_files, shell_blocks};
pub use topic_reader::TopicReader;
pub use unique::{unique_group, unique_topics};
