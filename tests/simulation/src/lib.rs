//! Plays histories of the processor's core in virtual time: several processes, a simulated Kafka,
//! StackOne's API and webhooks, an operator, and faults; and judges each step of them.
//!
//! One process, one thread, one seed: the same history gives the same trace, anywhere.

pub mod history;
pub mod kafka;
pub mod oracle;
pub mod play;
#[expect(
    unreachable_pub,
    dead_code,
    missing_docs,
    reason = "the tests' reference, which speaks of more than settled moments need"
)]
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
