//! What several areas' tests need.

pub mod machine;
pub mod sketch;
