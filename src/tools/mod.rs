//! The programs as library functions, and what they share: command lines, exit codes, reports, progress.
//!
//! A binary in `src/bin` is its arguments and one call into here. This is the only layer that knows
//! clap, anyhow and the terminal.

pub mod admin;
pub mod apply;
pub mod audit;
pub mod banner;
pub mod cli;
pub mod dssched;
#[cfg(feature = "ldap")]
pub mod dxa;
pub mod exit;
pub mod external;
pub mod framed;
pub mod full_list;
pub mod import;
pub mod listds;
pub mod listq;
pub mod nsda;
pub mod outfile;
pub mod pass;
pub mod podiag;
pub mod post;
pub mod probe;
pub mod progress;
pub mod rebuild;
pub mod report;
pub mod reqmain;
pub mod resync;
pub mod schedule;
pub mod session;
pub mod side;
mod sorted;
mod spool;
pub mod srvmain;
pub mod tour;
