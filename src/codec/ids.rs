//! `GLB/DIRSYNC.IDS`: which messages were taken already. A file of this project (`design.md` section 3, Mail).

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Write};

use super::CodecError;
use super::checksum::crc32;
use super::timestamp::Timestamp;

const MAGIC: [u8; 8] = *b"DSYNCIDS";
const VERSION: u16 = 1;
const HEADER_LEN: usize = 16;

/// Bytes of one record.
pub const RECORD_LEN: usize = 40;

/// What a message is known by: the SHA-256 of its Message-ID, sender, addressee and contents.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl fmt::Display for Fingerprint {
    /// Writes 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// One message that was taken.
///
/// | Offset | Size | Meaning | Status |
/// |---:|---:|---|---|
/// | 0 | 32 | `fingerprint` | ours |
/// | 32 | 4 | `taken`, seconds since 1970 UTC | ours |
/// | 36 | 4 | CRC-32/ISO-HDLC of the 36 bytes before | ours |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenMail {
    /// Which message.
    pub fingerprint: Fingerprint,
    /// When it was taken.
    pub taken: Timestamp,
}

impl TakenMail {
    /// Returns the bytes of the record.
    #[must_use]
    pub fn encode(&self) -> [u8; RECORD_LEN] {
        let mut bytes = [0; RECORD_LEN];
        bytes[..32].copy_from_slice(&self.fingerprint.0);
        bytes[32..36].copy_from_slice(&self.taken.0.to_le_bytes());
        let checksum = crc32(&bytes[..36]);
        bytes[36..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads a record; `None` where its checksum is wrong.
    #[must_use]
    pub fn decode(bytes: &[u8; RECORD_LEN]) -> Option<Self> {
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(&bytes[..32]);
        (crc32(&bytes[..36]) == word(36)).then_some(Self {
            fingerprint: Fingerprint(fingerprint),
            taken: Timestamp(word(32)),
        })
    }
}

/// The whole file, oldest record first.
///
/// | Offset | Size | Meaning | Status |
/// |---:|---:|---|---|
/// | 0 | 8 | `DSYNCIDS` | ours |
/// | 8 | 2 | version, 1 | ours |
/// | 10 | 6 | reserved, 0 | ours |
///
/// then records of [`RECORD_LEN`] bytes. All numbers are little-endian. Records are only appended, and each has a checksum of
/// its own, so damage costs the records that it hits: their messages would be judged by their numbers, as every message is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdsFile {
    /// The messages taken.
    pub records: Vec<TakenMail>,
    /// Number of damaged records, a torn last one included.
    pub damaged_count: usize,
    /// The header is not as it was written.
    pub is_header_damaged: bool,
}

impl IdsFile {
    /// Messages that are remembered.
    pub const MAX_COUNT: usize = 200_000;

    /// Seconds that a message is remembered: 90 days, far longer than mail is under way.
    pub const MAX_AGE: u32 = 90 * 86_400;

    /// Reads the bytes of a file. Damage is counted, not refused.
    ///
    /// # Errors
    /// It is of a later version of this program.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let header = bytes.get(..HEADER_LEN).unwrap_or(bytes);
        let is_header_damaged = header != encode_header();
        if is_header_damaged && header.starts_with(&MAGIC) && header.len() == HEADER_LEN {
            let version = u16::from_le_bytes([header[8], header[9]]);
            if version == VERSION + 1 {
                return Err(CodecError::field(8, "version", version, VERSION));
            }
        }
        let mut file = Self {
            is_header_damaged,
            ..Self::default()
        };
        let records = bytes[header.len()..].chunks_exact(RECORD_LEN);
        let torn = records.remainder();
        for record in records {
            match record.try_into().ok().and_then(TakenMail::decode) {
                Some(record) => file.records.push(record),
                None => file.damaged_count += 1,
            }
        }
        file.damaged_count += usize::from(!torn.is_empty());
        Ok(file)
    }

    /// Writes the whole file.
    ///
    /// # Errors
    /// Writing failed.
    pub fn write_to<W: Write>(&self, mut output: W) -> io::Result<()> {
        output.write_all(&encode_header())?;
        self.records
            .iter()
            .try_for_each(|record| output.write_all(&record.encode()))
    }

    /// Tells whether anything was damaged.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.is_header_damaged || self.damaged_count > 0
    }

    /// Returns how many records [`Self::prune`] would forget, copies apart.
    #[must_use]
    pub fn superfluous_count(&self, now: Timestamp) -> usize {
        let oldest = now.0.saturating_sub(Self::MAX_AGE);
        let old = self.records.iter().filter(|r| r.taken.0 < oldest).count();
        old.max(self.records.len().saturating_sub(Self::MAX_COUNT))
    }

    /// Forgets what is older than [`Self::MAX_AGE`], copies, and the oldest above [`Self::MAX_COUNT`].
    pub fn prune(&mut self, now: Timestamp) {
        let oldest = now.0.saturating_sub(Self::MAX_AGE);
        let mut seen = HashSet::new();
        self.records
            .retain(|r| r.taken.0 >= oldest && seen.insert(r.fingerprint));
        let above = self.records.len().saturating_sub(Self::MAX_COUNT);
        self.records.drain(..above);
    }
}

fn encode_header() -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[..8].copy_from_slice(&MAGIC);
    header[8..10].copy_from_slice(&VERSION.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(n: u32) -> TakenMail {
        let mut fingerprint = [0; 32];
        fingerprint[..4].copy_from_slice(&n.to_be_bytes());
        TakenMail {
            fingerprint: Fingerprint(fingerprint),
            taken: Timestamp(n),
        }
    }

    fn file(numbers: impl Iterator<Item = u32>) -> IdsFile {
        IdsFile {
            records: numbers.map(record).collect(),
            ..IdsFile::default()
        }
    }

    fn bytes(file: &IdsFile) -> Vec<u8> {
        let mut bytes = Vec::new();
        file.write_to(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let bytes = bytes(&file(0x0102_0304..0x0102_0305));
        let mut expected = b"DSYNCIDS\x01\0\0\0\0\0\0\0\x01\x02\x03\x04".to_vec();
        expected.extend_from_slice(&[0; 28]);
        expected.extend_from_slice(&[4, 3, 2, 1]);
        let checksum = crc32(&expected[16..]);
        expected.extend_from_slice(&checksum.to_le_bytes());
        assert_eq!(bytes, expected);
    }

    #[test]
    fn damage_anywhere_costs_one_record_at_most() {
        let whole = file(1..10);
        let bytes = bytes(&whole);
        assert_eq!(IdsFile::decode(&bytes).unwrap(), whole);
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x40;
            let read = IdsFile::decode(&flipped).unwrap();
            assert!(read.is_damaged(), "{at}");
            let lost = usize::from(at >= HEADER_LEN);
            assert_eq!(read.records.len(), 9 - lost, "{at}");
            let cut = IdsFile::decode(&bytes[..at]).unwrap();
            let kept = at.saturating_sub(HEADER_LEN) / RECORD_LEN;
            assert_eq!(cut.records, whole.records[..kept], "{at}");
            assert_eq!(
                cut.is_damaged(),
                at < HEADER_LEN || (at - HEADER_LEN) % RECORD_LEN > 0
            );
        }
        assert_eq!(IdsFile::decode(b"").unwrap().records, []);
        let mut later = bytes;
        later[8] = 2;
        assert!(IdsFile::decode(&later).is_err());
    }

    #[test]
    fn age_and_number_are_bounded() {
        let mut many = file(1..300_000);
        many.records.insert(0, record(299_999));
        assert_eq!(many.superfluous_count(Timestamp(300_000)), 100_000);
        many.prune(Timestamp(300_000));
        assert_eq!(many.records.len(), IdsFile::MAX_COUNT);
        let mut old = file([5, IdsFile::MAX_AGE, IdsFile::MAX_AGE + 10].into_iter());
        assert_eq!(old.superfluous_count(Timestamp(IdsFile::MAX_AGE + 6)), 1);
        old.prune(Timestamp(IdsFile::MAX_AGE + 6));
        assert_eq!(
            old.records,
            [record(IdsFile::MAX_AGE), record(IdsFile::MAX_AGE + 10)]
        );
    }
}
