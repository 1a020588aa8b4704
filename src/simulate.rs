//! Runs definitions of the States Language without AWS.
//!
//! Interprets the document alone: it knows nothing of any source. What the document calls is answered by whoever runs
//! it, or by values made from the operations' types; time is virtual, and everything that happens follows from what is
//! given. Facts about the service are its documentation's and what was recorded of it.

pub mod answer;
pub mod call;
mod choice;
pub mod clock;
pub mod data;
pub mod definition;
mod digest;
pub mod event;
pub mod failure;
mod intrinsic;
pub mod jsonata;
pub mod jsonpath;
pub mod log;
pub mod mock;
pub mod object;
mod parquet;
pub mod permissions;
pub mod run;
mod scene;
mod template;
