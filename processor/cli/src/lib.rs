//! The program `stackone-processor`: arguments, printing, progress and exit codes.
//!
//! What its commands do is in [`stackone_processor_operate`], and what runs the service in
//! [`stackone_processor`].

pub mod arguments;
mod bar;
pub mod commands;
mod contact;
mod escaped;
pub mod program;
mod values;
