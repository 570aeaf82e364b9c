//! Who signed a webhook: a handler that takes a `VerifiedWebhook` cannot be reached without its
//! proof.

pub mod signature;
pub mod source;
pub(crate) mod verified_webhook;
