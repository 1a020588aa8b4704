//! The simulator, held to what was recorded on AWS and to the suites of others.

mod engine;
mod jsonata_suite;
mod maps;
mod permissions;
mod recorded;
