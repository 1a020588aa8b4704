//! Amazon States Language, JSONata throughout.

pub mod state;
