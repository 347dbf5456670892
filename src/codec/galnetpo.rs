//! `GLB/GALNETPO.GLB`: addresses of the external entries of the global address list.
//!
//! A header of 4 bytes, a [stamp](GalStamp) that ties it to the two other files, then records as in NETPO.GLB
//! ([`NetpoRecord`]), found by TID (Q96060, Q116436, `spec/files.md` 4.11). REBUILD alone writes it. The record
//! length is not published; 43 is taken from NETPO.GLB.
//!
//! A TID is the number of an address, for good. What is chosen here:
//!
//! - There is one record per address, whatever the number of names that stand for it; GAL.NME points to it by
//!   byte offset, and both hold its TID.
//! - TIDs are given from [`GalTids::FIRST`] down, each to one address, and never again. The records stand in the
//!   order in which they got theirs, so a TID is found by binary search.
//! - A record of an address that is in no list any more is deleted and stays: should the address come back, it has
//!   its TID back.
//! - The address behind a gateway of one part does not fit into a record: see [`GatewayAddress`].

use byteorder::{ByteOrder, LittleEndian};

use super::codepage::collation::Order;
use super::layout::record;
use super::{FixedText, NetpoRecord, Opaque, Record, RecordState, Table};

record! {
    /// The header of GALNETPO.GLB.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 4 | `last_tid` | the TID given last, 0 = none yet | length published (Q135486), meaning ours |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct GalnetpoHeader, "the GALNETPO header", 4 bytes {
        /// The TID given last; 0 where none was.
        0 => last_tid: u32,
    }
}

/// The whole of GALNETPO.GLB, the stamp being its first record.
pub type GalnetpoTable = Table<4, NetpoRecord>;

record! {
    /// The first record of GALNETPO.GLB: what binds GAL.NME, GALINDEX.GLB and GALNETPO.GLB of one run together, and
    /// says how they are sorted. No published size changes by it, and to others it is a deleted record.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 1 | `state` | 0 deleted | ours |
    /// | 1 | 1 | `unknown_01` | zero, kept as read | ours |
    /// | 2 | 6 | `mark` | `GALST`, version 1 | ours |
    /// | 8 | 1 | `order` | what the names are sorted by: 0 letters of the code page, 1 bytes | ours |
    /// | 9 | 1 | `unknown_09` | zero, kept as read | ours |
    /// | 10 | 2 | `code_page_id` | the code page | ours |
    /// | 12 | 4 | `entry_count` | records of GAL.NME | ours |
    /// | 16 | 4 | `word_count` | entries of GALINDEX.GLB | ours |
    /// | 20 | 4 | `list_crc` | CRC-32/ISO-HDLC of GAL.NME | ours |
    /// | 24 | 4 | `index_crc` | the same of GALINDEX.GLB | ours |
    /// | 28 | 4 | `address_crc` | the same of the records behind this one | ours |
    /// | 32 | 3 | `unknown_32` | zero, kept as read | ours |
    /// | 35 | 4 | `tid` | the TID given last, again: the original read it from "the first 4 bytes and the first record" (Q135486) | ours |
    /// | 39 | 4 | `unknown_39` | zero, kept as read | ours |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct GalStamp, "the stamp of GALNETPO.GLB", 43 bytes {
        /// Always [`RecordState::Deleted`].
        0 => state: RecordState,
        /// A byte without meaning.
        1 => unknown_01: u8,
        /// [`Self::MARK`].
        2 => mark: Opaque<6>,
        /// Code of the order; see [`Self::order`].
        8 => order_code: u8,
        /// A byte without meaning.
        9 => unknown_09: u8,
        /// Number of the code page.
        10 => code_page_id: u16,
        /// Records of GAL.NME.
        12 => entry_count: u32,
        /// Entries of GALINDEX.GLB.
        16 => word_count: u32,
        /// Checksum of GAL.NME.
        20 => list_crc: u32,
        /// Checksum of GALINDEX.GLB.
        24 => index_crc: u32,
        /// Checksum of the addresses.
        28 => address_crc: u32,
        /// Bytes without meaning.
        32 => unknown_32: Opaque<3>,
        /// The TID given last.
        35 => tid: u32,
        /// Bytes without meaning.
        39 => unknown_39: u32,
    }
}

impl GalStamp {
    /// What every stamp has in `mark`.
    pub const MARK: Opaque<6> = Opaque(*b"GALST\x01");

    /// Returns the stamp, if that is what a record is.
    #[must_use]
    pub fn find(record: &[u8]) -> Option<Self> {
        let stamp = Self::decode(record).ok()?;
        (stamp.state == RecordState::Deleted && stamp.mark == Self::MARK).then_some(stamp)
    }

    /// Returns what the names are sorted by; `None` for a code nobody knows.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        Order::from_byte(self.order_code)
    }
}

/// What the record of an address behind a gateway of one part holds (SMTP, X.400, fax...). Such an address has up to
/// 512 bytes and stands in `GLB/<gateway>.GLB`; the record names its type as the network, and has an empty postoffice and
/// mailbox, as in NETPO.GLB. Behind their NULs it says which address it is:
///
/// | Offset | Size | Field | Meaning | Status |
/// |---:|---:|---|---|---|
/// | 14 | 10 | `digest` | bytes 0 to 9 | ours |
/// | 25 | 4 | `list_tid` | TID of the entry in the gateway's own list, by which its address is found | ours |
/// | 29 | 6 | `digest` | bytes 10 to 15 | ours |
///
/// The digest keeps the TID with the address when the gateway's list is made anew with other TIDs (Q137865).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayAddress {
    /// TID of the entry in the list of the gateway.
    pub list_tid: u32,
    /// The first half of a SHA-256 digest of type and address.
    pub digest: [u8; 16],
}

impl GatewayAddress {
    /// Reads it from a record; `None` for the record of a postoffice.
    #[must_use]
    pub fn of(record: &NetpoRecord) -> Option<Self> {
        if !record.postoffice.is_empty() || !record.mailbox.is_empty() {
            return None;
        }
        let (postoffice, mailbox) = (record.postoffice.as_field(), record.mailbox.as_field());
        let mut digest = [0; 16];
        digest[..10].copy_from_slice(&postoffice[1..]);
        digest[10..].copy_from_slice(&mailbox[5..]);
        let list_tid = LittleEndian::read_u32(&mailbox[1..5]);
        Some(Self { list_tid, digest })
    }

    /// Writes it into a record.
    pub fn put(&self, record: &mut NetpoRecord) {
        let (mut postoffice, mut mailbox) = ([0; 11], [0; 11]);
        postoffice[1..].copy_from_slice(&self.digest[..10]);
        LittleEndian::write_u32(&mut mailbox[1..5], self.list_tid);
        mailbox[5..].copy_from_slice(&self.digest[10..]);
        record.postoffice = FixedText::from_field(&postoffice);
        record.mailbox = FixedText::from_field(&mailbox);
    }
}

/// Gives TIDs to entries of the global address list: from the top down, so that they never meet those of
/// TID.GLB, which go up (Q135486).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GalTids {
    last: u32,
    floor: u32,
}

/// All numbers between TID.GLB and the last TID of the global list are used up: message 39.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("next GAL identifier {next:#010X} is not above {floor:#010X}, the value in TID.GLB")]
pub struct TidsExhausted {
    /// The TID that would come next.
    pub next: u32,
    /// The value in TID.GLB.
    pub floor: u32,
}

impl GalTids {
    /// The first TID given when there was no GALNETPO.GLB (Q135486).
    pub const FIRST: u32 = 0x7f67_697f;

    /// Goes on behind the header of the GALNETPO.GLB there was, if any. `floor` is the value in TID.GLB.
    #[must_use]
    pub fn new(header: Option<GalnetpoHeader>, floor: u32) -> Self {
        let last = header.map_or(0, |h| h.last_tid);
        Self { last, floor }
    }

    /// Returns the next TID.
    ///
    /// # Errors
    /// It would not be above the value in TID.GLB.
    pub fn next_tid(&mut self) -> Result<u32, TidsExhausted> {
        let next = match self.last {
            0 => Self::FIRST,
            last => last - 1,
        };
        if next <= self.floor {
            let floor = self.floor;
            return Err(TidsExhausted { next, floor });
        }
        self.last = next;
        Ok(next)
    }

    /// Returns the header to write.
    #[must_use]
    pub fn header(&self) -> GalnetpoHeader {
        GalnetpoHeader {
            last_tid: self.last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_stands_where_the_table_says() {
        let mut bytes = [0; 43];
        bytes[2..8].copy_from_slice(b"GALST\x01"); // mark
        bytes[8] = 1; // by bytes
        bytes[10..12].copy_from_slice(&[0x52, 3]); // code page 850
        bytes[12..16].copy_from_slice(&[2, 0, 0, 0]); // entries
        bytes[16..20].copy_from_slice(&[5, 0, 0, 0]); // words
        bytes[20..32].copy_from_slice(&[1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]); // checksums
        bytes[35..39].copy_from_slice(&[0x7e, 0x69, 0x67, 0x7f]); // TID
        let stamp = GalStamp::find(&bytes).unwrap();
        assert_eq!(stamp.order(), Some(Order::Bytes));
        assert_eq!(stamp.code_page_id, 850);
        assert_eq!((stamp.entry_count, stamp.word_count), (2, 5));
        assert_eq!(stamp.list_crc, 0x0101_0101);
        assert_eq!(stamp.index_crc, 0x0202_0202);
        assert_eq!(stamp.address_crc, 0x0303_0303);
        assert_eq!(stamp.tid, 0x7f67_697e);
        let mut again = [0xee; 43];
        stamp.encode(&mut again);
        assert_eq!(again, bytes);
        // To any other reader it is a deleted address.
        assert!(!NetpoRecord::decode(&bytes).unwrap().state.is_active());
        bytes[0] = 1;
        assert_eq!(GalStamp::find(&bytes), None);
        assert_eq!(GalStamp::find(&[0; 43]), None);
    }

    #[test]
    fn a_gateway_address_is_kept_behind_empty_names() {
        let address = GatewayAddress {
            list_tid: 0x0403_0201,
            digest: *b"0123456789abcdef",
        };
        let mut record = NetpoRecord {
            state: RecordState::Active,
            network: FixedText::new(b"SMTP").unwrap(),
            ..NetpoRecord::default()
        };
        address.put(&mut record);
        assert!(record.postoffice.is_empty() && record.mailbox.is_empty());
        let mut bytes = [0; 43];
        record.encode(&mut bytes);
        assert_eq!(bytes[13..24], *b"\x000123456789");
        assert_eq!(bytes[24..35], *b"\0\x01\x02\x03\x04abcdef");
        let record = NetpoRecord::decode(&bytes).unwrap();
        assert_eq!(GatewayAddress::of(&record), Some(address));
        let elsewhere = NetpoRecord {
            postoffice: FixedText::new(b"PO").unwrap(),
            ..record
        };
        assert_eq!(GatewayAddress::of(&elsewhere), None);
    }

    #[test]
    fn identifiers_go_down_from_the_published_start() {
        let mut tids = GalTids::new(None, 1000);
        assert_eq!(tids.next_tid(), Ok(0x7f67_697f));
        assert_eq!(tids.next_tid(), Ok(0x7f67_697e));
        let mut later = GalTids::new(Some(tids.header()), 1000);
        assert_eq!(later.next_tid(), Ok(0x7f67_697d));
    }

    #[test]
    fn they_never_meet_the_local_ones() {
        let header = GalnetpoHeader { last_tid: 1002 };
        let mut tids = GalTids::new(Some(header), 1000);
        assert_eq!(tids.next_tid(), Ok(1001));
        let error = tids.next_tid().unwrap_err();
        assert_eq!(
            error.to_string(),
            "next GAL identifier 0x000003E8 is not above 0x000003E8, the value in TID.GLB"
        );
        assert_eq!(tids.header().last_tid, 1001);
        let last = GalnetpoHeader { last_tid: 1 };
        assert!(GalTids::new(Some(last), 0).next_tid().is_err());
    }
}
