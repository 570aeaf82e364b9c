//! Lets a tenant link an account, and tells the page when the account is verified.
//!
//! # Path of a link session
//!
//! 1. A host's backend creates a session (`routes::sessions::create`). `auth` authenticates the
//!    caller; only `tenant::Authority` makes a `Tenant`, and every handler that acts for a tenant
//!    gets it from there.
//! 2. `facts` writes `link.session.created` and waits until `follow` has read it back into `index`:
//!    every replica knows all sessions and accounts, and serves any request.
//! 3. The page's element asks for a token. `token_minted` is written first, with the versions of
//!    the tenant's accounts, and then StackOne is asked (`stackone`).
//! 4. The Hub reports an account: `linked_reported`, a hint. Where no webhook comes, `looks` asks
//!    the processor to look.
//! 5. The processor confirms the account on the state topic. `session` decides by that alone,
//!    `settle` writes the end down, and `streams` tells the page.
//!
//! Pure modules: `session`, `jwt`, `tokens`, `input`, `account`, `tenant`, `tenant_key`, `problem`.

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
mod tenant_key;
pub mod tokens;

pub use application::{Application, BuildError, RunError};
pub use config::Config;
