//! Records: sorts those that are consumed, keeps what a resync lists, and builds those that a
//! transaction writes.

pub mod intake;
pub mod listings;
pub mod records;
