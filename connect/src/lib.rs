//! A tenant links an account, and the page knows when it is verified.
//!
//! # Path of a link session
//!
//! 1. A host's backend asks for a session (`routes::sessions::create`). The caller is believed by `auth`; only
//!    `tenant::Authority` makes a `Tenant`, and every handler that is for one takes it from there.
//! 2. `facts` writes `link.session.created` and waits until `follow` has read it back into `index`: every replica
//!    has all sessions and accounts, and serves any request.
//! 3. The page's element asks for a token: `token_minted` is written first, with what is known of the tenant's
//!    accounts, and then StackOne is asked (`stackone`).
//! 4. The Hub says that there is an account: `linked_reported`, a hint. Where no webhook comes, `looks` asks the
//!    processor to look.
//! 5. The processor confirms the account on the state topic. `session` decides by that alone, `settle` writes the
//!    end down, and `streams` tells the page.
//!
//! What is pure: `session`, `jwt`, `tokens`, `input`, `account`, `tenant`, `problem`.

mod account;
mod application;
mod auth;
mod background;
pub mod cli;
pub mod config;
mod connect;
pub mod doctor;
mod facts;
mod follow;
mod followed;
mod hub;
mod index;
mod input;
pub mod jwt;
mod limits;
mod listeners;
mod looks;
pub mod metrics;
pub mod openapi;
mod problem;
pub mod program;
mod readiness;
mod routes;
mod session;
mod settle;
mod stackone;
mod streams;
mod subscribers;
pub mod tasks;
mod tenant;
pub mod tokens;

pub use application::{Application, BuildError, RunError};
pub use config::Config;
