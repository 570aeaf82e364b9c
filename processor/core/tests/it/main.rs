//! Draws pictures from the core's code.

mod decision_grid;
