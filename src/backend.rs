//! From a program to what is written: definitions, policies, the template. A backend cannot fail.
//!
//! Never looks at the syntax, never reports; sizes and limits of what was made are `check`'s.

pub mod asl;
pub mod cfn;
pub mod check;
pub mod iam;
pub mod report;
