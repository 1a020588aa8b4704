//! From text to a tree as written. Any bytes in, a tree and diagnostics out.
//!
//! Knows nothing of names, types or AWS.

pub mod ast;
