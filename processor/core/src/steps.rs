//! The steps that lose data when they are wrong, as machines: each asks for one call into the client at a time and is told
//! its result. The service makes the calls with its clients, the simulation with its model of Kafka, and either may be
//! stopped between any two.

pub mod refetch;
pub mod restore;
pub mod transaction;
