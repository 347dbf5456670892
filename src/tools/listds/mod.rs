//! `listds`: the dir-sync configuration of a postoffice, as a screen (`spec/protocol.md` 9.1).

pub mod options;

pub use options::Options;
