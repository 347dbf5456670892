//! Directory synchronization for Microsoft Mail postoffices.

pub mod codec;
