//! Records: what is consumed and what it asks for, what a resync lists, and what a transaction writes.

pub mod intake;
pub mod listings;
pub mod records;
