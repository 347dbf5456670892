//! Files of which only the size is published: kept as they are.

use super::layout::record;
use super::{Opaque, Table};

record! {
    /// GLOBAL.GLB: default options for new users (`spec/files.md` 4.16, Q134753). 512 bytes, all places unknown.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct GlobalFile, "GLOBAL.GLB", 512 bytes {
        /// The file as it stands.
        0 => bytes: Opaque<512>,
    }
}

record! {
    /// MODEM.GLB: baud rate, dialling and port (`spec/files.md` 4.16, Q118855). 64 bytes, all places unknown.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct ModemFile, "MODEM.GLB", 64 bytes {
        /// The file as it stands.
        0 => bytes: Opaque<64>,
    }
}

record! {
    /// One row of the dynamic-drive table (`spec/files.md` 4.16, Q139034). 181 bytes, all places unknown.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct ServerRecord, "a SERVER record", 181 bytes {
        /// The record as it stands.
        0 => bytes: Opaque<181>,
    }
}

/// SERVER.GLB: rows without a header; 0 bytes where there is no table (Q139034).
pub type ServerTable = Table<0, ServerRecord>;

record! {
    /// A sort table: C850SORT, ANSISORT and their INT and SCAN variants (`spec/files.md` 4.16, Q134669). 795 bytes, all
    /// places unknown.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct SortTable, "a sort table", 795 bytes {
        /// The file as it stands.
        0 => bytes: Opaque<795>,
    }
}
