//! `import`: text import, extract, dir-sync feed and queue, resync (`spec/import.md`).

pub mod explain;
pub mod options;

pub use options::{Mode, Options};
