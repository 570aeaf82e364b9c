//! The work of operators' commands, as functions that return data.
//!
//! Nothing here prints or reads arguments: the program `stackone-processor` does, and a web page
//! for operators could. Progress goes to a closure.

pub mod acls;
pub mod causes;
pub mod contact;
pub mod doctor;
pub mod explain;
pub mod look;
pub mod project_names;
pub mod redrive;
pub mod resync;
pub mod state_view;
pub mod tasks;
pub mod topics;
pub mod unlinks;
