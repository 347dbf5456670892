//! `listq`: the transactions of a queue file, as a screen (`spec/protocol.md` 9.3).

pub mod options;

pub use options::Options;
