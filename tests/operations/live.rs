//! A real Prometheus that scrapes the real services, each a process of its own, on an embedded
//! broker.

mod alerts;
mod drawing;
mod drawings;
mod page;
mod panels;
mod prometheus;
mod settings;
mod stage;
mod story;
