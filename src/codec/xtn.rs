//! `XTN/<hexid>.XTN`: the postoffices of one network.

use super::layout::{byte_enum, record};
use super::{FixedText, HexText, Opaque, RecordState};

byte_enum! {
    /// How mail reaches an external postoffice. All codes are ours.
    pub enum RouteKind {
        /// No way known.
        None = 0,
        /// A directory that this machine reaches; the route is its path.
        Direct = 1,
        /// Through another postoffice; the route is `NET/PO`.
        Indirect = 2,
        /// By mail; the route is `USER@HOST`.
        Mail = 3,
    }
}

record! {
    /// One postoffice, SNADS node or PROFS DGN of a network (`spec/files.md` 4.7). The file is `698 * n` bytes without
    /// a header; an old IMPORT left a partial record at the end, which is cut off (Q128243).
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0x000 | 1 | `state` | 1 active, 0 deleted | published (Q86625) |
    /// | 0x001 | 11 | `postoffice` | name | offset published, length derived |
    /// | 0x00C | 9 | `mailbag` | mailbag for outgoing mail; stem of `.USR`, `.TPL` and `.INF` | first 8 published (Q148666), NUL derived |
    /// | 0x015 | 1 | `route_kind` | 0 none, 1 direct, 2 indirect, 3 mail | ours |
    /// | 0x016 | 256 | `route` | path, `NET/PO` or `USER@HOST` | ours |
    /// | 0x116 | 371 | `unknown_116` | modem, sign-on and totals lay here; kept as read | unknown |
    /// | 0x289 | 2 | `indirect_count` | postoffices routed through this one; above 0 forbids deletion | published (Q86625), byte order derived |
    /// | 0x28B | 47 | `unknown_28b` | kept as read | unknown |
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct XtnRecord, "an XTN record", 698 bytes {
        /// Whether the record is in use.
        0x000 => state: RecordState,
        /// Name of the postoffice, 10 bytes at most.
        0x001 => postoffice: FixedText<11>,
        /// Its mailbag.
        0x00c => mailbag: HexText,
        /// What `route` means.
        0x015 => route_kind: RouteKind,
        /// The way to it, 255 bytes at most.
        0x016 => route: FixedText<256>,
        /// Bytes of unknown meaning.
        0x116 => unknown_116: Opaque<371>,
        /// Postoffices routed indirectly through this one.
        0x289 => indirect_count: u16,
        /// Bytes of unknown meaning.
        0x28b => unknown_28b: Opaque<47>,
    }
}

impl XtnRecord {
    /// Makes an active postoffice without a route.
    #[must_use]
    pub fn new(postoffice: FixedText<11>, mailbag: HexText) -> Self {
        Self {
            state: RecordState::Active,
            postoffice,
            mailbag,
            ..Self::default()
        }
    }
}
