//! The directory agent: the real program, a real directory server, real files.

mod check;
mod copies;
mod cycle_crash;
mod cycle_replies;
mod cycle_requestor;
mod cycle_server;
mod full_disk;
mod limits;
mod line_ends;
mod lists;
mod messages;
mod moved;
mod net;
mod removing;
mod replies;
mod reset;
mod resync;
mod run;
mod run_faults;
mod scene;
mod sent;
mod service;
mod status;
mod stopped;
mod takeover;
mod waiting;
