//! Checksums: the families that are tried, what they may cover, and the search for the one that explains a file.

mod algorithm;
mod range;
mod search;
mod sums;
pub mod table;

pub use algorithm::Algorithm;
pub use range::{Extent, Own, Record, Start, Stop};
pub use search::{Found, MIN_BITS, Search, search};
