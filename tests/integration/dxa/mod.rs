//! The directory agent: the real program, a real directory server, real files.

mod blind;
mod check;
mod cycle_crash;
mod cycle_replies;
mod cycle_requestor;
mod cycle_server;
mod holders;
mod lists;
mod luck;
mod net;
mod reading;
mod refused;
mod removed;
mod reset;
mod resync;
mod scene;
mod stopped;
