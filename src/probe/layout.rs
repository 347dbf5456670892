//! A framing as it was found: more general than [`crate::codec::queue::Framing`], for it must describe what others chose.

use super::checksum::{Algorithm, Extent, Record};
use super::geometry::is_clean;
use super::scan;
use super::stamp::StampKind;
use super::value::{Code, Place, Zone};

/// Bytes within which the end of a record is looked for that only its successor shows.
const MAX_PADDED: usize = 1 << 16;

/// What a number counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    /// The bytes of the text.
    Text,
    /// Those of the whole record, with its padding.
    Record,
    /// Those of the record before.
    Previous,
}

/// Which record's offset in the file a number is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// The record itself.
    This,
    /// The next one.
    Next,
    /// The one before.
    Previous,
}

/// What a field means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// A length: so many bytes, and `plus`.
    Length {
        /// What it counts.
        of: Measure,
        /// What it counts besides.
        plus: i64,
    },
    /// The sync number.
    Sync,
    /// The date stamp.
    Stamp(StampKind),
    /// The same bytes in every record.
    Constant(Vec<u8>),
    /// The offset of a record in the file, and `plus`.
    Link {
        /// Which record.
        to: Target,
        /// What is added.
        plus: i64,
    },
    /// A checksum.
    Checksum {
        /// How it is computed.
        algorithm: AlgorithmRef,
        /// Over what.
        extent: Extent,
    },
    /// Nothing that was tried explains it.
    Unknown {
        /// How many values it takes.
        values: usize,
    },
}

impl Meaning {
    /// Returns the word for it in reports and profiles.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Length { .. } => "length",
            Self::Sync => "sync number",
            Self::Stamp(_) => "date stamp",
            Self::Constant(_) => "constant",
            Self::Link { .. } => "offset",
            Self::Checksum { .. } => "checksum",
            Self::Unknown { .. } => "not explained",
        }
    }
}

/// An algorithm, compared by its name.
#[derive(Clone, Copy, Debug)]
pub struct AlgorithmRef(pub &'static Algorithm);

impl Eq for AlgorithmRef {}

impl PartialEq for AlgorithmRef {
    fn eq(&self, other: &Self) -> bool {
        self.0.name() == other.0.name()
    }
}

/// A field of a record, with its evidence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// Where it stands.
    pub place: Place,
    /// What it means.
    pub meaning: Meaning,
    /// Records that agree.
    pub agree: u64,
    /// Records looked at.
    pub of: u64,
    /// Other readings that the file allows as well.
    pub others: Vec<(Place, Meaning)>,
    /// What makes it doubtful besides.
    pub doubt: Option<String>,
}

impl Field {
    /// Makes a field without evidence.
    #[must_use]
    pub fn new(place: Place, meaning: Meaning) -> Self {
        Self {
            place,
            meaning,
            agree: 0,
            of: 0,
            others: Vec::new(),
            doubt: None,
        }
    }

    /// Tells whether the file decides it.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.others.is_empty()
            && self.doubt.is_none()
            && !matches!(self.meaning, Meaning::Unknown { .. })
    }
}

/// How records lie in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Bytes before the first record.
    pub lead: usize,
    /// Bytes before the text.
    pub header_len: usize,
    /// Bytes behind the text, the same in every record.
    pub terminator: Vec<u8>,
    /// Bytes behind the terminator.
    pub trailer_len: usize,
    /// Bytes behind the padding.
    pub footer_len: usize,
    /// A record is padded until its length is a multiple of this, and `align_rest`; 1 = not padded.
    pub align: usize,
    /// See `align`.
    pub align_rest: usize,
    /// What it is padded with.
    pub pad: u8,
    /// Bytes between the lines of a text.
    pub joiner: Vec<u8>,
    /// The fields, by zone and offset.
    pub fields: Vec<Field>,
    /// What the file does not decide about the parts of a record.
    pub doubts: Vec<String>,
}

impl Layout {
    /// Returns the framing that is none: texts alone.
    #[must_use]
    pub fn bare() -> Self {
        Self {
            lead: 0,
            header_len: 0,
            terminator: Vec::new(),
            trailer_len: 0,
            footer_len: 0,
            align: 1,
            align_rest: 0,
            pad: 0,
            joiner: Vec::new(),
            fields: Vec::new(),
            doubts: Vec::new(),
        }
    }

    /// Returns the field that says where a text ends.
    #[must_use]
    pub fn length(&self) -> Option<(&Place, Measure, i64)> {
        let length = |f: &'_ Field| match f.meaning {
            Meaning::Length {
                of: Measure::Previous,
                ..
            } => None,
            Meaning::Length { of, plus } if f.place.zone == Zone::Header => Some((of, plus)),
            _ => None,
        };
        let find = |text: bool| {
            self.fields.iter().find_map(|f| {
                let (of, plus) = length(f)?;
                ((of == Measure::Text) == text).then_some((&f.place, of, plus))
            })
        };
        find(true).or_else(|| find(false))
    }

    /// Returns the first field of a meaning.
    #[must_use]
    pub fn field(&self, is: impl Fn(&Meaning) -> bool) -> Option<&Field> {
        self.fields.iter().find(|f| is(&f.meaning))
    }

    /// Returns the bytes of a record besides text and padding.
    #[must_use]
    pub fn overhead(&self) -> usize {
        self.header_len + self.terminator.len() + self.trailer_len + self.footer_len
    }

    /// Returns the padding of a record with so much text.
    #[must_use]
    pub fn padding(&self, text_len: usize) -> usize {
        if self.align <= 1 {
            return 0;
        }
        let len = self.overhead() + text_len;
        (self.align + self.align_rest - len % self.align) % self.align
    }

    /// Reads the record at the beginning of `bytes`.
    ///
    /// # Errors
    /// Why there is none.
    pub fn record<'a>(&self, bytes: &'a [u8]) -> Result<Record<'a>, String> {
        if bytes.len() < self.header_len {
            return Err(format!(
                "file ends inside the header ({} of {} bytes)",
                bytes.len(),
                self.header_len
            ));
        }
        let text = self.header_len;
        let text_len = match self.length() {
            Some((place, of, plus)) => self.counted_len(bytes, place, of, plus)?,
            None => self.text_len(&bytes[text..])?,
        };
        let text_end = text + text_len;
        let terminator_end = text_end + self.terminator.len();
        let footer = terminator_end + self.trailer_len + self.padding(text_len);
        let len = footer + self.footer_len;
        if len > bytes.len() {
            return Err(format!(
                "the record of {len} bytes leaves the file ({} bytes left)",
                bytes.len()
            ));
        }
        if bytes[text_end..terminator_end] != *self.terminator {
            return Err(format!(
                "found \"{}\" behind the text, expected \"{}\"",
                bytes[text_end..terminator_end].escape_ascii(),
                self.terminator.escape_ascii()
            ));
        }
        Ok(Record {
            bytes: &bytes[..len],
            text,
            text_end,
            terminator_end,
            footer,
        })
    }

    fn counted_len(
        &self,
        bytes: &[u8],
        place: &Place,
        of: Measure,
        plus: i64,
    ) -> Result<usize, String> {
        let field = &bytes[place.offset..place.offset + place.size];
        let value = place
            .code
            .get(field)
            .and_then(|v| i64::try_from(v).ok())
            .ok_or_else(|| format!("no length in \"{}\"", field.escape_ascii()))?;
        let counted = usize::try_from(value - plus)
            .ok()
            .filter(|&len| len <= bytes.len())
            .ok_or_else(|| {
                format!(
                    "length {value} leaves the file ({} bytes left)",
                    bytes.len()
                )
            })?;
        if of == Measure::Text {
            return Ok(counted);
        }
        let longest = counted
            .checked_sub(self.overhead())
            .ok_or_else(|| format!("length {value}, expected at least {}", self.overhead()))?;
        if self.align <= 1 {
            return Ok(longest);
        }
        // Only the padding says where the text ends.
        let behind = self.trailer_len + self.terminator.len();
        let least = longest.saturating_sub(self.align - 1);
        let text = self.header_len;
        if behind == 0 {
            let stop = (least..longest)
                .rev()
                .find(|&len| bytes[text + len] != self.pad)
                .map_or(least, |len| len + 1);
            return Ok(stop);
        }
        let whole = bytes.get(..longest + self.overhead()).ok_or_else(|| {
            format!(
                "length {value} leaves the file ({} bytes left)",
                bytes.len()
            )
        })?;
        let fits = |len: &usize| self.ends_at(whole, *len);
        let clean = |len: &usize| is_clean(&whole[text..text + len]);
        let lens = least..=longest;
        Ok(lens
            .clone()
            .rev()
            .find(|len| fits(len) && clean(len))
            .or_else(|| lens.rev().find(fits))
            .unwrap_or(longest))
    }

    /// Tells whether terminator and padding agree with a text of this length at the end of `bytes`.
    fn ends_at(&self, bytes: &[u8], text_len: usize) -> bool {
        let end = self.header_len + text_len;
        let after = end + self.terminator.len() + self.trailer_len;
        let footer = bytes.len() - self.footer_len;
        bytes[end..].starts_with(&self.terminator)
            && after <= footer
            && bytes[after..footer].iter().all(|&b| b == self.pad)
            && footer - after == self.padding(text_len)
    }

    /// Returns the length of a text that only its terminator or its padding ends: the last line end behind which the
    /// file ends or another transaction stands where it should.
    fn text_len(&self, bytes: &[u8]) -> Result<usize, String> {
        if self.align > 1 && scan::is_text(self.pad) {
            if let Some(len) = self.len_before_next(bytes) {
                return Ok(len);
            }
        }
        let joiner = (!self.joiner.is_empty()).then_some(&self.joiner[..]);
        let mut ends = scan::ends(bytes, joiner);
        ends.retain(|&end| bytes[end..].starts_with(&self.terminator));
        let begins = |text: usize| {
            matches!(
                bytes.get(text..text + 2),
                Some([b'A' | b'D' | b'M' | b'R' | b'T' | b'#', b' ' | b'\t'])
            )
        };
        let is_end = |end: &&usize| {
            let next = **end + self.overhead() - self.header_len + self.padding(**end);
            let text = next + self.header_len;
            let footer = next - self.footer_len;
            let padding = footer - self.padding(**end)..footer;
            bytes
                .get(padding)
                .is_some_and(|padding| padding.iter().all(|&b| b == self.pad))
                && (next == bytes.len() || begins(text))
        };
        // A shorter end fits by chance more often than a longer one, whose lines all go on from the one before.
        if let Some(&end) = ends.iter().rfind(is_end).or_else(|| ends.last()) {
            return Ok(end);
        }
        let limit = bytes.len().min(4096);
        if self.terminator.is_empty() {
            return Err("text without an end".to_owned());
        }
        bytes[..limit]
            .windows(self.terminator.len())
            .position(|w| w == self.terminator)
            .ok_or_else(|| format!("text without its terminator ({limit} bytes read)"))
    }

    /// Returns the length of a text whose padding looks like text: the next record, or the end of the file, is found first.
    fn len_before_next(&self, bytes: &[u8]) -> Option<usize> {
        let behind = self.terminator.len() + self.trailer_len;
        let mut total = self.align_rest;
        loop {
            total += self.align;
            let next = (total >= self.overhead()).then(|| total - self.header_len);
            let Some(next) = next else { continue };
            if next > bytes.len() || total > MAX_PADDED {
                return None;
            }
            let is_next = next == bytes.len()
                || matches!(
                    bytes.get(total..total + 2),
                    Some([b'A' | b'D' | b'M' | b'R' | b'T' | b'#', b' '])
                );
            if is_next {
                let end = next - self.footer_len;
                let least = end.saturating_sub(self.align - 1);
                let stop = (least..end).rev().find(|&at| bytes[at] != self.pad);
                return stop.map_or(least, |at| at + 1).checked_sub(behind);
            }
        }
    }

    /// Returns what is not explained, so that such records cannot be written: empty where all is.
    #[must_use]
    pub fn unexplained(&self) -> Vec<String> {
        let mut list = Vec::new();
        for field in &self.fields {
            let place = &field.place;
            if let Meaning::Unknown { values } = field.meaning {
                list.push(format!(
                    "{} byte {}, {} bytes: {values} values, none of the known meanings",
                    place.zone.word(),
                    place.offset,
                    place.size
                ));
            }
        }
        list
    }

    /// Makes a record.
    ///
    /// # Errors
    /// A value does not fit its field, or the framing is not explained.
    pub fn write(
        &self,
        item: &Item<'_>,
        offset: u64,
        previous: Option<(u64, u64)>,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let unexplained = self.unexplained();
        if let Some(first) = unexplained.first() {
            return Err(format!("not explained: {first}"));
        }
        let begin = out.len();
        let text_len = item.text.len();
        out.resize(begin + self.header_len, 0);
        out.extend_from_slice(item.text);
        out.extend_from_slice(&self.terminator);
        out.resize(out.len() + self.trailer_len, 0);
        out.resize(out.len() + self.padding(text_len), self.pad);
        let footer = out.len() - begin;
        out.resize(out.len() + self.footer_len, 0);
        let len = (out.len() - begin) as i64;
        let text_end = self.header_len + text_len;
        let empty = Record::<'static> {
            bytes: &[],
            text: self.header_len,
            text_end,
            terminator_end: text_end + self.terminator.len(),
            footer,
        };
        let is_checksum = |f: &&Field| matches!(f.meaning, Meaning::Checksum { .. });
        let plain = self.fields.iter().filter(|f| !is_checksum(f));
        let mut message = Vec::new();
        for field in plain.chain(self.fields.iter().filter(is_checksum)) {
            let place = &field.place;
            let at = begin + empty.offset_of(place);
            let number = match &field.meaning {
                Meaning::Length { of, plus } => {
                    let counted = match of {
                        Measure::Text => text_len as i64,
                        Measure::Record => len,
                        Measure::Previous => previous.map_or(-*plus, |(_, len)| len as i64),
                    };
                    counted + plus
                }
                Meaning::Sync => i64::from(item.sync),
                Meaning::Link { to, plus } => match to {
                    Target::This => offset as i64 + plus,
                    Target::Next => offset as i64 + len + plus,
                    Target::Previous => previous.map_or(0, |(at, _)| at as i64 + plus),
                },
                Meaning::Stamp(kind) => {
                    let bytes = &mut out[at..at + place.size];
                    if !kind.put(place.code, item.stamp, bytes) {
                        return Err(format!("stamp {} cannot be written", item.stamp));
                    }
                    continue;
                }
                Meaning::Constant(bytes) => {
                    out[at..at + place.size].copy_from_slice(bytes);
                    continue;
                }
                Meaning::Checksum { algorithm, extent } => {
                    let record = Record {
                        bytes: &out[begin..],
                        text: empty.text,
                        text_end: empty.text_end,
                        terminator_end: empty.terminator_end,
                        footer: empty.footer,
                    };
                    extent
                        .message(&record, place, &mut message)
                        .ok_or("the checksum covers nothing")?;
                    algorithm.0.compute(&message).into()
                }
                Meaning::Unknown { .. } => unreachable!("refused above"),
            };
            let fits = u64::try_from(number)
                .is_ok_and(|v| place.code.put(v, &mut out[at..at + place.size]));
            if !fits {
                return Err(format!(
                    "{number} does not fit the {} bytes at {} byte {}",
                    place.size,
                    place.zone.word(),
                    place.offset
                ));
            }
        }
        Ok(())
    }
}

/// What goes into a record.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The text.
    pub text: &'a [u8],
    /// Its number.
    pub sync: u32,
    /// When it was queued, in seconds since 1970.
    pub stamp: i64,
}

/// Returns whether a field agrees with a record at an offset of the file; `None` where it says nothing about it.
#[must_use]
pub fn agrees(
    field: &Field,
    record: &Record<'_>,
    offset: u64,
    previous: Option<(u64, u64, u64)>,
    message: &mut Vec<u8>,
) -> Option<bool> {
    let place = &field.place;
    let bytes = record.at(place)?;
    let value = place.code.get(bytes).and_then(|v| i64::try_from(v).ok());
    match &field.meaning {
        Meaning::Length { of, plus } => {
            let counted = match of {
                Measure::Text => record.text_end - record.text,
                Measure::Record => record.bytes.len(),
                Measure::Previous => previous?.1 as usize,
            };
            Some(value == Some(counted as i64 + plus))
        }
        Meaning::Sync => {
            let before = previous?.2;
            Some(value.is_some_and(|v| v as u64 > before))
        }
        Meaning::Stamp(kind) => Some(kind.get(place.code, bytes).is_some()),
        Meaning::Constant(expected) => Some(bytes == *expected),
        Meaning::Link { to, plus } => {
            let expected = match to {
                Target::This => offset,
                Target::Next => offset + record.bytes.len() as u64,
                Target::Previous => previous?.0,
            } as i64
                + plus;
            Some(value == Some(expected))
        }
        Meaning::Checksum { algorithm, extent } => {
            extent.message(record, place, message)?;
            Some(value == Some(algorithm.0.compute(message).into()))
        }
        Meaning::Unknown { .. } => None,
    }
}

/// Makes a place with the plain reading of bytes.
#[must_use]
pub fn bytes_at(zone: Zone, offset: usize, size: usize) -> Place {
    Place {
        zone,
        offset,
        size,
        code: Code::Little,
    }
}
