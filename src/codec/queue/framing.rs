use std::borrow::Cow;

use super::{Framed, FramingError, MAX_TEXT_LEN, QueueFault, QueueRecord, RecordKind};
use crate::codec::checksum::crc16;
use crate::codec::timestamp::Timestamp;

/// Where a field stands in the header of a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FieldSpec {
    /// Bytes before it.
    pub offset: usize,
    /// Bytes of it, 1 to 4.
    pub width: usize,
}

impl FieldSpec {
    /// Makes a field of `width` bytes at `offset`.
    #[must_use]
    pub const fn new(offset: usize, width: usize) -> Self {
        Self { offset, width }
    }

    const fn end(self) -> usize {
        self.offset + self.width
    }

    fn get(self, header: &[u8], order: ByteOrder) -> u32 {
        let bytes = &header[self.offset..self.end()];
        match (order, bytes) {
            (ByteOrder::Little, &[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
            (ByteOrder::Little, &[a, b]) => u32::from(u16::from_le_bytes([a, b])),
            (ByteOrder::Little, _) => bytes.iter().rfold(0, |v, &b| v << 8 | u32::from(b)),
            (ByteOrder::Big, _) => bytes.iter().fold(0, |v, &b| v << 8 | u32::from(b)),
        }
    }

    fn put(self, header: &mut [u8], order: ByteOrder, value: u32) {
        let field = &mut header[self.offset..self.end()];
        match order {
            ByteOrder::Little => field.copy_from_slice(&value.to_le_bytes()[..self.width]),
            ByteOrder::Big => field.copy_from_slice(&value.to_be_bytes()[4 - self.width..]),
        }
    }
}

/// Which byte of a number stands first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ByteOrder {
    /// The lowest, as in every file whose order is known.
    #[default]
    Little,
    /// The highest.
    Big,
}

/// What the length field counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum LengthCounts {
    /// The text alone.
    #[default]
    Text,
    /// Text and terminator.
    TextAndTerminator,
    /// Header and text.
    HeaderAndText,
    /// The whole record.
    Whole,
}

/// How the checksum of a record is computed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum ChecksumKind {
    /// CRC-16/IBM-3740 over the header behind the checksum field, then the text, without terminator.
    #[default]
    Crc16Ibm3740,
    /// None that we could compute; a field for it is written as zero and not looked at.
    None,
}

/// How the records of a queue lie in its file.
///
/// The original's framing was never published (`spec/files.md` sections 4.15 and 9): only that a record has
/// a checksum of 16 bits, a date stamp, a sync number and a text, and that text and overhead of the PODIAG
/// record are 36 and 24 bytes. So it is a value. Ours, [`Framing::OURS`]:
///
/// | Offset | Size | Field | Meaning | Status |
/// |-------:|-----:|-------|---------|--------|
/// | 0 | 2 | `checksum` | CRC-16/IBM-3740 of everything behind it, header and text | size derived, rest ours |
/// | 2 | 2 | `kind` | 0 transaction, 1 dummy, 2 resync header, 3 end mark; others kept | ours |
/// | 4 | 4 | `length` | bytes of the text | ours |
/// | 8 | 4 | `stamp` | seconds since 1970 UTC | presence published, width derived, place ours |
/// | 12 | 4 | `sync` | sync number | presence published, width derived, place ours |
/// | 16 | 4 | `origin` | registration id of the requestor, 0 = none | ours |
/// | 20 | 4 | `reserved` | zero, kept as read | ours |
/// | 24 | n | text | one transaction, lines joined by CR LF, no terminator | published |
///
/// All numbers are little-endian. The header of 24 bytes is derived from the file of 60 bytes with a text
/// of 36 (Q110496). Header bytes that no field covers are written as zero; ours has none.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Framing {
    /// Bytes before the text.
    pub header_len: usize,
    /// The checksum.
    pub checksum: Option<FieldSpec>,
    /// The kind; without it every record is a transaction.
    pub kind: Option<FieldSpec>,
    /// The length; without it the terminator ends the text.
    pub length: Option<FieldSpec>,
    /// The date stamp.
    pub stamp: Option<FieldSpec>,
    /// The sync number.
    pub sync: Option<FieldSpec>,
    /// The origin.
    pub origin: Option<FieldSpec>,
    /// The reserved field.
    pub reserved: Option<FieldSpec>,
    /// Order of the bytes in all of them.
    pub byte_order: ByteOrder,
    /// What the length counts.
    pub length_counts: LengthCounts,
    /// Bytes behind the text; may be none where there is a length.
    pub terminator: Cow<'static, [u8]>,
    /// How the checksum is computed.
    pub checksum_kind: ChecksumKind,
}

impl Default for Framing {
    fn default() -> Self {
        Self::OURS
    }
}

impl Framing {
    /// Bytes a header may have.
    pub const MAX_HEADER_LEN: usize = 1024;

    /// Bytes a terminator may have.
    pub const MAX_TERMINATOR_LEN: usize = 16;

    /// The framing of every queue that this project writes.
    pub const OURS: Self = Self {
        header_len: 24,
        checksum: Some(FieldSpec::new(0, 2)),
        kind: Some(FieldSpec::new(2, 2)),
        length: Some(FieldSpec::new(4, 4)),
        stamp: Some(FieldSpec::new(8, 4)),
        sync: Some(FieldSpec::new(12, 4)),
        origin: Some(FieldSpec::new(16, 4)),
        reserved: Some(FieldSpec::new(20, 4)),
        byte_order: ByteOrder::Little,
        length_counts: LengthCounts::Text,
        terminator: Cow::Borrowed(b""),
        checksum_kind: ChecksumKind::Crc16Ibm3740,
    };

    /// Checks that the framing can describe a file; readers and writers do it themselves.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn check(&self) -> Result<(), FramingError> {
        if self.header_len > Self::MAX_HEADER_LEN {
            return Err(FramingError::TooLong("header"));
        }
        if self.terminator.len() > Self::MAX_TERMINATOR_LEN {
            return Err(FramingError::TooLong("terminator"));
        }
        let fields = self.fields();
        for (i, &(name, spec)) in fields.iter().enumerate() {
            let Some(spec) = spec else { continue };
            let most = if name == "kind" { 2 } else { 4 };
            if !(1..=most).contains(&spec.width) {
                return Err(FramingError::Width(name));
            }
            if spec.offset > Self::MAX_HEADER_LEN || spec.end() > self.header_len {
                return Err(FramingError::Outside(name));
            }
            for &(other, place) in &fields[..i] {
                if place.is_some_and(|p| p.offset < spec.end() && spec.offset < p.end()) {
                    return Err(FramingError::Overlap(other, name));
                }
            }
        }
        if self.length.is_none() && self.terminator.is_empty() {
            return Err(FramingError::Endless);
        }
        let holds_checksum = self.checksum.is_some_and(|c| c.width >= 2);
        if self.checksum_kind == ChecksumKind::Crc16Ibm3740 && !holds_checksum {
            return Err(FramingError::NoChecksumField);
        }
        Ok(())
    }

    /// Appends a record to `bytes`.
    ///
    /// # Errors
    /// The record does not fit: a text above [`MAX_TEXT_LEN`], a value that its field cannot hold, a value
    /// other than zero that has no field. `bytes` is then as it was.
    pub(super) fn encode(
        &self,
        record: &QueueRecord,
        bytes: &mut Vec<u8>,
    ) -> Result<(), QueueFault> {
        let text_len = record.text.len();
        if text_len > MAX_TEXT_LEN {
            return Err(QueueFault::TextTooLong {
                len: text_len as u64,
            });
        }
        let mut length = 0;
        if self.length.is_some() {
            length = (text_len + self.length_besides_text()) as u32;
        } else {
            self.check_terminated(&record.text)?;
        }
        let values = [
            ("kind", self.kind, u32::from(record.kind.code())),
            ("length", self.length, length),
            ("stamp", self.stamp, record.stamp.0),
            ("sync", self.sync, record.sync),
            ("origin", self.origin, record.origin),
            ("reserved", self.reserved, record.reserved),
        ];
        for (field, spec, value) in values {
            let width = spec.map_or(0, |s| s.width);
            let value = u64::from(value);
            if value >> (8 * width) != 0 {
                return Err(QueueFault::ValueTooLarge {
                    field,
                    value,
                    width,
                });
            }
        }
        let start = bytes.len();
        bytes.resize(start + self.header_len, 0);
        let header = &mut bytes[start..];
        for (_, spec, value) in values {
            if let Some(spec) = spec {
                spec.put(header, self.byte_order, value);
            }
        }
        bytes.extend_from_slice(&record.text);
        if let Some((spec, value)) = self.computed_checksum(&bytes[start..]) {
            spec.put(&mut bytes[start..], self.byte_order, value);
        }
        bytes.extend_from_slice(&self.terminator);
        Ok(())
    }

    /// Reads the length of the text from a header.
    ///
    /// # Errors
    /// The field counts less than the rest it counts, or more than [`MAX_TEXT_LEN`] of text.
    pub(super) fn text_len(&self, spec: FieldSpec, header: &[u8]) -> Result<usize, QueueFault> {
        let found = spec.get(header, self.byte_order);
        let least = self.length_besides_text();
        let len = u64::from(found)
            .checked_sub(least as u64)
            .ok_or(QueueFault::LengthTooSmall { found, least })?;
        usize::try_from(len)
            .ok()
            .filter(|&len| len <= MAX_TEXT_LEN)
            .ok_or(QueueFault::TextTooLong { len })
    }

    /// Takes a record from its header and text (`bytes`); place and number are the reader's.
    pub(super) fn decode(&self, bytes: &[u8], framed: &mut Framed) {
        let get = |spec: Option<FieldSpec>| spec.map_or(0, |s| s.get(bytes, self.byte_order));
        let record = &mut framed.record;
        record.kind = RecordKind::from_code(get(self.kind) as u16);
        record.stamp = Timestamp(get(self.stamp));
        record.sync = get(self.sync);
        record.origin = get(self.origin);
        record.reserved = get(self.reserved);
        record.text.clear();
        record.text.extend_from_slice(&bytes[self.header_len..]);
        let computed = self.computed_checksum(bytes);
        framed.stored_checksum = computed.map(|(spec, _)| spec.get(bytes, self.byte_order));
        framed.computed_checksum = computed.map_or(0, |(_, value)| value);
    }

    fn computed_checksum(&self, bytes: &[u8]) -> Option<(FieldSpec, u32)> {
        match (self.checksum_kind, self.checksum) {
            (ChecksumKind::Crc16Ibm3740, Some(spec)) => {
                Some((spec, u32::from(crc16(&bytes[spec.end()..]))))
            }
            _ => None,
        }
    }

    fn length_besides_text(&self) -> usize {
        match self.length_counts {
            LengthCounts::Text => 0,
            LengthCounts::TextAndTerminator => self.terminator.len(),
            LengthCounts::HeaderAndText => self.header_len,
            LengthCounts::Whole => self.header_len + self.terminator.len(),
        }
    }

    // The terminator must not be found earlier, also not across the end of the text.
    fn check_terminated(&self, text: &[u8]) -> Result<(), QueueFault> {
        let whole = [text, &self.terminator].concat();
        match find(&whole, &self.terminator) {
            Some(position) if position < text.len() => {
                Err(QueueFault::TextHoldsTerminator { position })
            }
            _ => Ok(()),
        }
    }

    fn fields(&self) -> [(&'static str, Option<FieldSpec>); 7] {
        [
            ("checksum", self.checksum),
            ("kind", self.kind),
            ("length", self.length),
            ("stamp", self.stamp),
            ("sync", self.sync),
            ("origin", self.origin),
            ("reserved", self.reserved),
        ]
    }
}

/// Returns the first position of a non-empty `needle`.
pub(super) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|w| w == needle)
}
