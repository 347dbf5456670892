//! Batches.
mod target;
pub use target::{TargetError, TargetFault};
