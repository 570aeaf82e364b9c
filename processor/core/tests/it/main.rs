//! What is drawn from the core's code.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod decision_grid;
