//! Plays histories of the processor's core in virtual time: several processes, a simulated Kafka,
//! StackOne's API and webhooks, an operator, and faults; and judges each step of them.
//!
//! One process, one thread, one seed: the same history gives the same trace, anywhere.

#![expect(
    missing_docs,
    reason = "fields of events and calls are named after what they are"
)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "to a client every other reply is none"
)]
#![expect(
    private_interfaces,
    reason = "the reference is shared with the pipeline's tests, whose own it is"
)]
#![expect(clippy::missing_errors_doc, reason = "a reply's error says what it is")]
#![expect(
    clippy::too_many_lines,
    reason = "one match over all calls, actions and events is read at once"
)]

pub mod history;
pub mod kafka;
pub mod oracle;
pub mod play;
#[path = "../../it/model/reference.rs"]
mod reference;
pub mod replica;
pub mod settings;
pub mod shrink;
pub mod simulation;
pub mod stream;
pub mod time;
pub mod trace;
pub mod world;
