//! What is drawn from the core's code.

mod decision_grid;
