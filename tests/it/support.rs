//! What several areas' tests need.

pub mod compiled;
pub mod machine;
pub mod programs;
pub mod sketch;
