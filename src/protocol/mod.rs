//! The dir-sync protocol: what the programs say to each other, and what they decide. Pure: no
//! clock, no files, no output.

mod check;
pub mod delivery;
pub mod mail;
pub mod message;
pub mod outcome;
pub mod requestor;
pub mod resync;
pub mod schedule;
pub mod server;
pub mod subject;
pub mod sync;

pub use check::{CheckError, check, write_check};
