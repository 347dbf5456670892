//! Directory synchronization for Microsoft Mail postoffices.

pub mod address;
pub mod codec;
pub mod importfile;
pub mod list;
pub mod messages;
pub mod plan;
pub mod postoffice;
pub mod protocol;
pub mod tools;
pub mod transaction;
