//! Transaction queues: REQTRANS, SRVTRANS, MSTTRANS, USRTRANS, NMETRANS, GWTRANS, RESYNC, SRVUPDS, REQUPDS.
//!
//! A queue is a sequence of records of variable length without a file header; an empty queue has no
//! bytes (Q133428). The framing of a record is not published, so it is a value, [`Framing`];
//! [`Framing::OURS`] is ours and its layout table stands there.

mod error;
mod framing;
mod reader;
mod tail;
mod writer;

pub use error::{FramingError, QueueError, QueueFault};
pub use framing::{ByteOrder, ChecksumKind, FieldSpec, Framing, LengthCounts};
pub use reader::QueueReader;
pub use tail::{Tail, find_tail, last_number};
pub use writer::QueueWriter;

use super::timestamp::Timestamp;

/// Bytes the text of one record may have; a length above it is taken for damage, not for memory to allocate.
pub const MAX_TEXT_LEN: usize = 1 << 20;

/// Text of the record that keeps the last number after everything was acknowledged: 25 bytes, so that the
/// file has the published 49 (Q133428; the wording is ours).
pub const DUMMY_TEXT: &[u8] = b"# Last confirmed ReqSync.";

/// Text of the record that PODIAG puts into a lost REQTRANS: 36 bytes with its NUL, so that the file
/// has the published 60 (Q110496).
pub const PODIAG_DUMMY_TEXT: &[u8] = b"# Dummy record installed by PODIAG.\0";

/// What a record of a queue is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum RecordKind {
    /// 0: one import-file transaction.
    #[default]
    Transaction,
    /// 1: a comment that only carries a number.
    Dummy,
    /// 2: the first record of a resync file.
    ResyncHeader,
    /// 3: the last record of a resync file.
    EndMark,
    /// Anything else, carried through.
    Other(u16),
}

impl RecordKind {
    /// Returns the kind with this code.
    #[must_use]
    pub fn from_code(code: u16) -> Self {
        match code {
            0 => Self::Transaction,
            1 => Self::Dummy,
            2 => Self::ResyncHeader,
            3 => Self::EndMark,
            other => Self::Other(other),
        }
    }

    /// Returns the code as it is stored.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Transaction => 0,
            Self::Dummy => 1,
            Self::ResyncHeader => 2,
            Self::EndMark => 3,
            Self::Other(code) => code,
        }
    }
}

/// One record of a queue, without its checksum, which belongs to the file.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct QueueRecord {
    /// What the record is.
    pub kind: RecordKind,
    /// When it was queued; MSTTRANS is purged by it (Keep Updates, Q96060).
    pub stamp: Timestamp,
    /// Its number: a ReqSync or a SrvSync, depending on the queue.
    pub sync: u32,
    /// Registration id of the requestor it came from, never reused; 0 = none. For diagnosis only.
    pub origin: u32,
    /// Not used; zero in new records, carried through.
    pub reserved: u32,
    /// The text in the postoffice's code page: one transaction, its lines joined by CR LF.
    pub text: Vec<u8>,
}

impl QueueRecord {
    /// Makes a transaction.
    #[must_use]
    pub fn transaction(stamp: Timestamp, sync: u32, origin: u32, text: Vec<u8>) -> Self {
        Self {
            kind: RecordKind::Transaction,
            stamp,
            sync,
            origin,
            reserved: 0,
            text,
        }
    }

    /// Makes the record that stays in REQTRANS to keep the last confirmed number.
    #[must_use]
    pub fn dummy(stamp: Timestamp, sync: u32) -> Self {
        Self {
            kind: RecordKind::Dummy,
            ..Self::transaction(stamp, sync, 0, DUMMY_TEXT.to_vec())
        }
    }

    /// Makes the record that PODIAG puts into a lost REQTRANS.
    #[must_use]
    pub fn podiag_dummy(stamp: Timestamp, sync: u32) -> Self {
        Self {
            kind: RecordKind::Dummy,
            ..Self::transaction(stamp, sync, 0, PODIAG_DUMMY_TEXT.to_vec())
        }
    }
}

/// A record with its place in the file and its checksums; reused from one read to the next.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Framed {
    /// Number of the record in the file, from 1.
    pub number: u64,
    /// Offset of the record from the start of the file.
    pub offset: u64,
    /// The checksum in the file; `None` where the framing has none that can be computed.
    pub stored_checksum: Option<u32>,
    /// The checksum of the bytes read; 0 where there is none.
    pub computed_checksum: u32,
    /// The record.
    pub record: QueueRecord,
}

impl Framed {
    /// Tells whether the stored checksum agrees, or there is none to compare.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.stored_checksum
            .is_none_or(|stored| stored == self.computed_checksum)
    }

    /// Returns what is wrong with the checksum, for callers that refuse such a record.
    #[must_use]
    pub fn checksum_error(&self) -> Option<QueueError> {
        let stored = self.stored_checksum?;
        (stored != self.computed_checksum).then(|| {
            QueueFault::Checksum {
                stored,
                computed: self.computed_checksum,
            }
            .at(self.number, self.offset)
        })
    }
}

#[cfg(test)]
mod tests;
