//! `GLB/NETWORK.GLB`: the networks and gateways this postoffice can address.

use super::layout::{byte_enum, record};
use super::{FixedText, HexText, Opaque, RecordState};

byte_enum! {
    /// What stands behind a network name. 0x10 and 0x64 are published (Q148666, Q103820), the others are ours.
    pub enum NetworkKind {
        /// A network of PC Mail postoffices.
        Pcm = 0x01,
        /// PROFS; three-part addresses.
        Profs = 0x02,
        /// SNADS; three-part addresses.
        Snads = 0x03,
        /// MCI Mail.
        Mci = 0x04,
        /// X.400.
        X400 = 0x05,
        /// Fax.
        Fax = 0x06,
        /// MHS.
        Mhs = 0x07,
        /// SMTP.
        Smtp = 0x08,
        /// OfficeVision; three-part addresses.
        Ov = 0x09,
        /// AppleTalk Connection.
        Msmail = 0x10,
        /// FFAPI gateway or proxy network: "service type equal to 100".
        Ffapi = 0x64,
    }
}

record! {
    /// One network or gateway (`spec/files.md` 4.6). The file is `122 * n` bytes without a header.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0x00 | 1 | `state` | 1 active, 0 deleted | published (Q148666) |
    /// | 0x01 | 1 | `kind` | 0x10 MSMAIL, 0x64 FFAPI | published; other codes ours |
    /// | 0x02 | 11 | `name` | name of the network or gateway | offset published, length derived |
    /// | 0x0D | 9 | `xtn` | stem of its `.XTN` | offset published, length derived |
    /// | 0x16 | 11 | `unknown_16` | zero in the dump, kept as read | unknown |
    /// | 0x21 | 9 | `mailbag` | mailbag of a gateway | offset published, length derived |
    /// | 0x2A | 80 | `unknown_2a` | names of an indirect route lie here (Q118561); kept as read | unknown |
    ///
    /// A plain network has `xtn` alone, a three-part gateway has both, any other gateway `mailbag` alone (Q87467).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct NetworkRecord, "a NETWORK record", 122 bytes {
        /// Whether the record is in use.
        0x00 => state: RecordState,
        /// What stands behind the name.
        0x01 => kind: NetworkKind,
        /// Name, 10 bytes at most.
        0x02 => name: FixedText<11>,
        /// Stem of the `.XTN`.
        0x0d => xtn: HexText,
        /// Bytes of unknown meaning.
        0x16 => unknown_16: Opaque<11>,
        /// Mailbag of the gateway.
        0x21 => mailbag: HexText,
        /// Bytes of unknown meaning.
        0x2a => unknown_2a: Opaque<80>,
    }
}

impl NetworkRecord {
    /// Makes an active record without files.
    #[must_use]
    pub fn new(kind: NetworkKind, name: FixedText<11>) -> Self {
        Self {
            state: RecordState::Active,
            kind,
            name,
            ..Self::default()
        }
    }
}
