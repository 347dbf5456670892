//! One record of a listing, whatever framing it has.

use serde::Serialize;

use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framed, RecordKind};
use crate::codec::timestamp::Timestamp;

/// A record as it stands in its file.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'r> {
    /// Its number in the file, from 1.
    pub number: u64,
    /// Its offset in the file.
    pub offset: u64,
    /// What it is; that of another framing is told by its text.
    pub kind: RecordKind,
    /// Its number, if it has one.
    pub sync: Option<u64>,
    /// When it was queued, if it says so.
    pub stamp: Option<Timestamp>,
    /// The requestor it came from, where the framing has a place for that.
    pub origin: Option<u32>,
    /// Its checksum.
    pub checksum: Checksum,
    /// Its text, its lines joined by CR LF.
    pub text: &'r [u8],
    /// What else does not agree in it.
    pub faults: &'r [String],
}

/// The checksum of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Checksum {
    /// There is none.
    None,
    /// It agrees.
    Verified(u64),
    /// It does not.
    Wrong {
        /// What the file says.
        stored: u64,
        /// What its bytes say.
        computed: u64,
    },
    /// Something that may be one, which nothing that was tried explains; its bytes in their order.
    NotExplained(u64),
}

impl<'r> Listed<'r> {
    /// Describes a record of ours.
    #[must_use]
    pub fn of(framed: &'r Framed) -> Self {
        let record = &framed.record;
        Self {
            number: framed.number,
            offset: framed.offset,
            kind: record.kind,
            sync: Some(record.sync.into()),
            stamp: Some(record.stamp),
            origin: Some(record.origin),
            checksum: match framed.stored_checksum {
                None => Checksum::None,
                Some(stored) if framed.is_intact() => Checksum::Verified(stored.into()),
                Some(stored) => Checksum::Wrong {
                    stored: stored.into(),
                    computed: framed.computed_checksum.into(),
                },
            },
            text: &record.text,
            faults: &[],
        }
    }
}

/// One record in `--json` and `--report`.
#[derive(Debug, Serialize)]
pub struct RecordLine {
    number: u64,
    offset: u64,
    kind: &'static str,
    sync: Option<u64>,
    stamp: Option<String>,
    origin: Option<u32>,
    checksum: Option<String>,
    /// Null where there is nothing to compare the checksum with.
    intact: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<String>,
    text: String,
}

impl RecordLine {
    /// Describes a record whose checksum has so many digits; its text is a view by the code page.
    #[must_use]
    pub fn new(record: &Listed<'_>, digits: usize, page: CodePage) -> Self {
        let (checksum, intact) = match record.checksum {
            Checksum::None => (None, None),
            Checksum::Verified(stored) => (Some(stored), Some(true)),
            Checksum::Wrong { stored, .. } => (Some(stored), Some(false)),
            Checksum::NotExplained(stored) => (Some(stored), None),
        };
        Self {
            number: record.number,
            offset: record.offset,
            kind: match record.kind {
                RecordKind::Transaction => "transaction",
                RecordKind::Dummy => "dummy",
                RecordKind::ResyncHeader => "resync-header",
                RecordKind::EndMark => "end-mark",
                RecordKind::Other(_) => "unknown",
            },
            sync: record.sync,
            stamp: record.stamp.map(|stamp| stamp.to_jiff().to_string()),
            origin: record.origin,
            checksum: checksum.map(|stored| format!("{stored:0digits$X}")),
            intact,
            faults: record.faults.to_vec(),
            text: page.decode(record.text),
        }
    }
}
