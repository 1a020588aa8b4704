//! The simulator, held to what was recorded on AWS and to the suites of others.

mod jsonata_suite;
mod recorded;
