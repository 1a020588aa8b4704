#![doc = include_str!("README.md")]

pub mod backend;
pub mod catalog;
pub mod cli;
pub mod cost;
pub mod diagnostic;
pub mod driver;
pub mod environment;
pub mod format;
pub mod ir;
pub mod lint;
pub mod resolve;
pub mod simulate;
pub mod source;
pub mod syntax;
pub mod testing;
pub mod workspace;
