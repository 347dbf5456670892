//! On-disk structures: bytes in, values out, and back. No paths, no clock, no other layer.
//!
//! One file per structure. Every layout is documented once, in a table on its type, with a status
//! per field: *published* (an article states it), *derived* (follows from published facts) or
//! *ours* (nobody published it; this project chose it). See `spec/files.md`.

pub mod checksum;
pub mod codepage;
pub mod sync_number;
pub mod timestamp;

mod error;
mod field;
mod record;

pub use error::CodecError;
pub use field::{FixedText, HexId, TextTooLong};
pub use record::{Record, RecordReader, RecordWriter, record_count};
