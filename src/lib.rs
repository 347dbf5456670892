//! Directory synchronization for Microsoft Mail postoffices.

pub mod address;
pub mod codec;
pub mod transaction;
pub mod messages;
pub mod postoffice;
pub mod plan;
pub mod tools;
