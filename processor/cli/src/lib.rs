//! The program `stackone-processor`: arguments, printing, progress and exit codes.
//!
//! What its commands do is in [`stackone_processor_operate`], and what runs the service in
//! [`stackone_processor`].

mod acls;
pub mod arguments;
mod bar;
mod contact;
mod doctor;
mod escaped;
mod explain;
mod look;
pub mod program;
mod redrive;
mod resync;
pub mod state;
mod topics;
pub mod unlinks;
