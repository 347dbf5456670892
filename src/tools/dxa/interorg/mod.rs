//! `dxa` between organizations: as a branch, as the hub, or as both (`spec/exchange.md` section 4).

pub mod branch;
pub mod config;
