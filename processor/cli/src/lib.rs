//! The program `stackone-processor`: arguments, printing, progress and exit codes.
//!
//! [`stackone_processor_operate`] does the work of its commands, and [`stackone_processor`] is the
//! service that it runs.

pub mod arguments;
mod bar;
pub mod commands;
mod contact;
mod escaped;
pub mod program;
mod values;
