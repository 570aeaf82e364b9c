//! What a request is answered, and how: all of it follows from its outcome.

pub(crate) mod log_limit;
pub mod outcome;
mod refusal;
mod response;

pub(crate) use refusal::Refusal;
pub(crate) use response::accepted;
