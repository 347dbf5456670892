//! `KEY/<stem>.KEY` and `MBG/<stem>.MBG`: a mailbag.

use super::layout::{Field, record};
use super::{CodecError, FixedText, HexText, Opaque};

/// The most messages a mailbag holds: one bit each in the 512 bytes of its bitmap (Q119088, Q138054).
pub const MAX_MAILBAG_RECORDS: u16 = 4096;

/// The bits of a `.KEY`, one per record of the `.MBG`.
///
/// The bit of record *n* (from 0) is bit `n % 8`, counted from the lowest, of byte `n / 8`; 1 = deleted, free to be
/// taken again. Only the length is published (Q119088); with this polarity the published empty
/// image, 560 zero bytes (Q104279), needs no special case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeletedBits(Opaque<512>);

impl DeletedBits {
    /// Tells whether record `n`, from 0, is deleted; a record beyond the limit is not there and counts as deleted.
    #[must_use]
    pub fn contains(&self, n: u16) -> bool {
        self.0
            .0
            .get(usize::from(n / 8))
            .is_none_or(|byte| byte >> (n % 8) & 1 == 1)
    }

    /// Marks record `n`, from 0, as deleted or in use; `false` beyond the limit.
    #[must_use]
    pub fn set(&mut self, n: u16, deleted: bool) -> bool {
        let Some(byte) = self.0.0.get_mut(usize::from(n / 8)) else {
            return false;
        };
        let bit = 1 << (n % 8);
        if deleted {
            *byte |= bit;
        } else {
            *byte &= !bit;
        }
        true
    }

    /// Returns the deleted records among the first `count`, in order.
    pub fn iter(&self, count: u16) -> impl Iterator<Item = u16> {
        (0..count.min(MAX_MAILBAG_RECORDS)).filter(|&n| self.contains(n))
    }
}

impl Field for DeletedBits {
    const WIDTH: usize = 512;

    fn get(bytes: &[u8], offset: usize, name: &'static str) -> Result<Self, CodecError> {
        Opaque::get(bytes, offset, name).map(Self)
    }

    fn put(&self, bytes: &mut [u8]) {
        self.0.put(bytes);
    }
}

record! {
    /// The state of a mailbag: a `.KEY`, always 560 bytes (`spec/files.md` 5.2). All zero with a `.MBG` of 0 bytes
    /// is the empty mailbag (Q104279, Q127002, Q180434).
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 512 | `deleted` | one bit per record of the `.MBG` | length published (Q119088); place, order, polarity ours |
    /// | 512 | 48 | `unknown_200` | numbers of new and unread mail lay here (Q77926); kept as read | unknown |
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct KeyFile, "a KEY file", 560 bytes {
        /// Which records of the `.MBG` are deleted.
        0 => deleted: DeletedBits,
        /// Bytes of unknown meaning.
        512 => unknown_200: Opaque<48>,
    }
}

record! {
    /// The header of one message: `.MBG`, `116 * n` bytes, n up to [`MAX_MAILBAG_RECORDS`] (`spec/files.md` 5.6, two full
    /// records dumped in Q108027). It has no delete byte: that is in the [`KeyFile`].
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0x00 | 2 | `unknown_00` | zero in the dump | unknown |
    /// | 0x02 | 11 | `sender` | mailbox of the sender | derived |
    /// | 0x0D | 41 | `subject` | subject | derived |
    /// | 0x36 | 2 | `unknown_36` | zero in the dump; seconds, if the time has six words | unknown |
    /// | 0x38 | 2 | `minute` | time of sending, local to the sender (Q133192) | derived |
    /// | 0x3A | 2 | `hour` | | derived |
    /// | 0x3C | 2 | `day` | | derived, order of day and month assumed |
    /// | 0x3E | 2 | `month` | from 1 | derived, order of day and month assumed |
    /// | 0x40 | 2 | `year` | all four digits | derived |
    /// | 0x42 | 1 | `unknown_42` | zero in the dump | unknown |
    /// | 0x43 | 9 | `mai` | stem of the `.MAI` | published (Q108027) |
    /// | 0x4C | 2 | `unknown_4c` | zero in the dump | unknown |
    /// | 0x4E | 4 | `message_len` | 552 and 554 in the dump: bytes of the message? | unknown |
    /// | 0x52 | 34 | `unknown_52` | not all zero in the dump; kept as read | unknown |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct MbgRecord, "an MBG record", 116 bytes {
        /// Bytes of unknown meaning.
        0x00 => unknown_00: Opaque<2>,
        /// Mailbox of the sender, 10 bytes at most.
        0x02 => sender: FixedText<11>,
        /// Subject, 40 bytes at most.
        0x0d => subject: FixedText<41>,
        /// Bytes of unknown meaning.
        0x36 => unknown_36: Opaque<2>,
        /// Minute of sending, in the sender's local time.
        0x38 => minute: u16,
        /// Hour of sending.
        0x3a => hour: u16,
        /// Day of the month.
        0x3c => day: u16,
        /// Month, from 1.
        0x3e => month: u16,
        /// Year, all four digits.
        0x40 => year: u16,
        /// Byte of unknown meaning.
        0x42 => unknown_42: u8,
        /// Stem of the `.MAI`.
        0x43 => mai: HexText,
        /// Bytes of unknown meaning.
        0x4c => unknown_4c: Opaque<2>,
        /// Presumably the length of the message in bytes.
        0x4e => message_len: u32,
        /// Bytes of unknown meaning.
        0x52 => unknown_52: Opaque<34>,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Record;
    use super::*;

    #[test]
    fn record_n_has_bit_n() {
        let mut bytes = [0; 560];
        bytes[0] = 0b0000_0010;
        bytes[511] = 0b1000_0000;
        let mut key = KeyFile::decode(&bytes).unwrap();
        assert_eq!(key.deleted.iter(u16::MAX).collect::<Vec<_>>(), [1, 4095]);
        assert_eq!(key.deleted.iter(4095).collect::<Vec<_>>(), [1]);
        assert!(key.deleted.set(8, true));
        assert!(key.deleted.set(1, false));
        let mut again = [0xee; 560];
        key.encode(&mut again);
        assert_eq!((again[0], again[1], again[511]), (0, 1, 0x80));
    }

    #[test]
    fn there_are_4096_bits() {
        let mut bits = DeletedBits::default();
        assert!(!bits.contains(4095));
        assert!(bits.contains(4096));
        assert!(!bits.set(4096, false));
    }
}
