//! `dxa`, the directory agent: what Exchange's directory-synchronization agent did, on an LDAP directory
//! (`spec/exchange.md` sections 0 to 3 and 6).

pub mod config;
mod numbers;
