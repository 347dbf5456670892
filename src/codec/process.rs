//! `GLB/PROCESS.GLB`: when the dir-sync programs run.

use std::fmt;

use super::layout::{byte_enum, fields};
use super::timestamp::Timestamp;
use super::{CodecError, FixedText, Opaque, Record, Table};

/// Bytes before the first entry; nothing of them is known, and a reset keeps them (Q119111).
pub const HEADER_LEN: usize = 512;

byte_enum! {
    /// Which programs an entry runs (Q96060; codes ours).
    pub enum ProcessKind {
        /// The requestor sends its updates: NSDA -RT.
        T1 = 1,
        /// The server: NSDA -S.
        T2 = 2,
        /// The requestor processes updates: NSDA -RR.
        T3 = 3,
    }
}

fields! {
    /// One process on one weekday, 197 bytes (`spec/files.md` 4.14, Q148718). Every place is ours.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 1 | `kind` | 1, 2, 3 for T1, T2, T3 | content published |
    /// | 1 | 1 | `day` | weekday, 0 Sunday to 6 Saturday | content published |
    /// | 2 | 2 | `minute` | minute of the day, 0 to 1439 | content published |
    /// | 4 | 4 | `window` | run window in seconds | content published |
    /// | 8 | 4 | `id` | id | content published |
    /// | 12 | 4 | `current` | current time to run, seconds since 1970 UTC | content published |
    /// | 16 | 4 | `next` | next time, one week later by the clock on the wall | content published |
    /// | 20 | 4 | `zone_offset` | seconds east of UTC where it was set, signed | content published (Q119590) |
    /// | 24 | 128 | `comment` | text | content published |
    /// | 152 | 45 | `unknown_152` | zero, kept as read | ours |
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct ProcessEntry, "a PROCESS record", 197 bytes {
        /// Which programs run.
        0 => kind: ProcessKind,
        /// Weekday, 0 for Sunday.
        1 => day: u8,
        /// Minute of the day, local time.
        2 => minute: u16,
        /// Seconds after `current` in which the process may still begin.
        4 => window: u32,
        /// Number of the entry.
        8 => id: u32,
        /// When the process runs next, or should have.
        12 => current: Timestamp,
        /// When it runs after that.
        16 => next: Timestamp,
        /// Seconds east of UTC of who set the entry.
        20 => zone_offset: i32,
        /// Comment, 127 bytes at most; DSSCHED shows an empty one as `<null>`.
        24 => comment: FixedText<128>,
        /// Bytes without meaning.
        152 => unknown_152: Opaque<45>,
    }
}

impl ProcessEntry {
    /// Run window of a new entry in seconds: 8 hours (Q148718).
    pub const DEFAULT_WINDOW: u32 = 28_800;

    /// Returns the time after which the process does not begin any more; `None` after 2106.
    #[must_use]
    pub fn not_after(&self) -> Option<Timestamp> {
        self.current.checked_add(self.window)
    }

    /// Checks the fields against each other: `current` falls on `day` and `minute` in the zone where it was set. Wrong
    /// times are found here before a process starts at one (Q119111).
    ///
    /// # Errors
    /// It falls on another time.
    pub fn verify(&self) -> Result<(), CodecError> {
        let shown = i64::from(self.current.0) + i64::from(self.zone_offset);
        let second = (shown + EPOCH_DAY * DAY).rem_euclid(7 * DAY);
        let set = i64::from(self.day) * DAY + i64::from(self.minute) * 60;
        if second != set {
            let (found, expected) = (WeekSecond(second), WeekSecond(set));
            return Err(CodecError::field(12, "current", found, expected));
        }
        Ok(())
    }
}

/// Writes a second of the week as `weekday 1 22:00:00`.
struct WeekSecond(i64);

impl fmt::Display for WeekSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, second) = (self.0 / DAY, self.0 % DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "weekday {day} {hour:02}:{minute:02}:{second:02}")
    }
}

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Weekday of 1970-01-01, counted from Sunday: a Thursday.
const EPOCH_DAY: i64 = 4;

impl Record for ProcessEntry {
    const LEN: usize = 197;

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let entry = Self::decode_fields(bytes)?;
        if entry.day > 6 {
            return Err(CodecError::field(1, "day", entry.day, "0 to 6"));
        }
        if entry.minute >= 24 * 60 {
            return Err(CodecError::field(2, "minute", entry.minute, "0 to 1439"));
        }
        Ok(entry)
    }

    fn encode(&self, bytes: &mut [u8]) {
        self.encode_fields(bytes);
    }
}

/// PROCESS.GLB: a header of 512 bytes, kept as it is, then the entries in the order they were made.
pub type ProcessFile = Table<HEADER_LEN, ProcessEntry>;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> ProcessEntry {
        ProcessEntry {
            kind: ProcessKind::T1,
            day: 5,
            minute: 16 * 60 + 30,
            window: ProcessEntry::DEFAULT_WINDOW,
            id: 1,
            current: Timestamp(819_678_600), // 1995-12-23 00:30 UTC
            next: Timestamp(819_678_600 + 604_800),
            zone_offset: -8 * 3600,
            comment: FixedText::new(b"nightly").unwrap(),
            unknown_152: Opaque::default(),
        }
    }

    #[test]
    fn fields_lie_where_the_table_says() {
        let mut bytes = [0xee; 197];
        entry().encode(&mut bytes);
        assert_eq!(bytes[..8], [1, 5, 0xde, 0x03, 0x80, 0x70, 0, 0]);
        assert_eq!(bytes[8..12], [1, 0, 0, 0]);
        assert_eq!(bytes[20..24], (-28_800i32).to_le_bytes());
        assert_eq!(bytes[24..32], *b"nightly\0");
        assert_eq!(bytes[152..], [0; 45]);
        assert_eq!(ProcessEntry::decode(&bytes).unwrap(), entry());
    }

    #[test]
    fn ds_s007_a_time_that_is_not_the_one_that_was_set_is_found() {
        let told = |change: fn(&mut ProcessEntry)| {
            let mut entry = entry();
            change(&mut entry);
            entry.verify().map_err(|error| error.to_string())
        };
        assert_eq!(told(|_| ()), Ok(()));
        assert_eq!(
            told(|entry| {
                entry.current = Timestamp::ZERO;
                (entry.zone_offset, entry.day, entry.minute) = (-60, 3, 23 * 60 + 59);
            }),
            Ok(())
        );
        assert_eq!(
            told(|entry| entry.current.0 += 1),
            Err(
                "byte 0xc: current: found weekday 5 16:30:01, expected weekday 5 16:30:00"
                    .to_owned()
            )
        );
        for change in [
            (|entry| entry.current.0 ^= 1 << 20) as fn(&mut ProcessEntry),
            |entry| entry.day = 4,
            |entry| entry.minute += 1,
            |entry| entry.zone_offset += 3600,
        ] {
            assert!(told(change).is_err());
        }
    }

    #[test]
    fn a_time_that_no_clock_shows_is_refused() {
        let mut bytes = [0; 1024];
        let error = |bytes: &[u8]| ProcessFile::read_from(bytes).unwrap_err().to_string();
        bytes[512 + 197 + 1] = 7;
        assert_eq!(
            error(&bytes[..512 + 2 * 197]),
            "record 2 at byte 0x2c5: byte 0x1: day: found 7, expected 0 to 6"
        );
        bytes[512 + 197 + 1] = 6;
        bytes[512 + 197 + 2..][..2].copy_from_slice(&1440u16.to_le_bytes());
        assert_eq!(
            error(&bytes[..512 + 2 * 197]),
            "record 2 at byte 0x2c5: byte 0x2: minute: found 1440, expected 0 to 1439"
        );
        assert_eq!(
            error(&bytes[..512 + 196]),
            "record 1 at byte 0x200: byte 0x200: file ends inside a record: 196 of 197 bytes"
        );
    }

    #[test]
    fn a_reset_keeps_the_header() {
        let mut file = ProcessFile::read_from(&[7; 512][..]).unwrap();
        file.records.push(entry());
        let mut bytes = Vec::new();
        file.write_to(&mut bytes).unwrap();
        assert_eq!((bytes.len(), bytes[511]), (512 + 197, 7));
    }
}
