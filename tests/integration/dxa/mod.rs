//! The directory agent: the real program, a real directory server, real files.

mod check;
mod cycle_crash;
mod cycle_replies;
mod cycle_requestor;
mod cycle_server;
mod lists;
mod net;
mod reset;
mod resync;
mod run;
mod run_faults;
mod scene;
mod service;
mod status;
mod stopped;
mod waiting;
