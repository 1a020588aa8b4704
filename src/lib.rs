#![doc = include_str!("README.md")]

pub mod backend;
pub mod catalog;
pub mod diagnostic;
pub mod ir;
pub mod resolve;
pub mod source;
pub mod syntax;
