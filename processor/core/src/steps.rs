//! The steps that lose data when they are wrong, as machines: each asks for one call of a client at
//! a time, and takes its result. The service makes the calls with its clients, the simulation with
//! its model of Kafka. Both may stop between any two calls.

pub mod refetch;
pub mod restore;
pub mod transaction;
