//! A framing as it was found: more general than [`crate::codec::queue::Framing`], for it must describe what others chose.

mod agreement;
mod reading;
mod writing;

pub use agreement::agrees;
pub use writing::Item;

use crate::probe::checksum::{Algorithm, Extent};
use crate::probe::stamp::StampKind;
use crate::probe::value::{Code, Place, Zone};
use crate::probe::varying::{Lacks, digits_at, digits_before};

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
    /// A number that the letter of the transaction decides.
    Kind {
        /// Each letter that the file has, with its number.
        table: Vec<(u8, u64)>,
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
            Self::Kind { .. } => "kind",
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
    /// Other widths that say the same of every byte of every record: what they have more or less is always zero.
    pub same: Vec<(Place, Meaning)>,
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
            same: Vec::new(),
            doubt: None,
        }
    }

    /// Tells whether the file decides it.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        let agrees = self.of == 0 || self.agree > 0;
        agrees
            && self.others.is_empty()
            && self.doubt.is_none()
            && !matches!(self.meaning, Meaning::Unknown { .. })
    }
}

/// How records lie in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Bytes before the first record.
    pub lead: usize,
    /// Bytes behind the last record.
    pub tail: usize,
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
    /// Bytes of every record, where all have one size; `align` is the same then.
    pub size: Option<usize>,
    /// What it is padded with.
    pub pad: u8,
    /// Bytes between the lines of a text.
    pub joiner: Vec<u8>,
    /// The fields, by zone and offset. Numbers of varying width take their most digits, and so do offsets behind them.
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
            tail: 0,
            header_len: 0,
            terminator: Vec::new(),
            trailer_len: 0,
            footer_len: 0,
            align: 1,
            align_rest: 0,
            size: None,
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

    /// Returns the field that says where the next record begins, with what it counts besides.
    #[must_use]
    pub fn next(&self) -> Option<(&Place, i64)> {
        self.fields.iter().find_map(|f| match f.meaning {
            Meaning::Link {
                to: Target::Next,
                plus,
            } if f.place.zone == Zone::Header => Some((&f.place, plus)),
            _ => None,
        })
    }

    /// Returns how many bytes of a record nothing explains.
    #[must_use]
    pub fn unexplained_len(&self) -> usize {
        let unknown = |f: &&Field| matches!(f.meaning, Meaning::Unknown { .. });
        self.fields
            .iter()
            .filter(unknown)
            .map(|f| f.place.size)
            .sum()
    }

    /// Returns the places of the numbers of varying width in the header, in their order.
    pub fn varying(&self) -> impl DoubleEndedIterator<Item = &Place> {
        let places = self.fields.iter().map(|f| &f.place);
        places.filter(|p| p.code.is_varying() && p.zone == Zone::Header)
    }

    /// Returns what the header at the beginning of some bytes lacks of the widest one; `None` where it is no header.
    #[must_use]
    pub fn lacks(&self, bytes: &[u8]) -> Option<Lacks> {
        let mut lacks = Lacks::default();
        for place in self.varying() {
            let start = place.offset - lacks.before(place.offset);
            let digits = digits_at(bytes.get(start..)?, place.code, place.size);
            if digits == 0 || !lacks.push(place, digits) {
                return None;
            }
        }
        Some(lacks)
    }

    /// Returns where the text begins of the record at the beginning of some bytes; `None` where that is no header.
    #[must_use]
    pub fn text_of(&self, bytes: &[u8]) -> Option<usize> {
        Some(self.header_len - self.lacks(bytes)?.total())
    }

    /// Returns where the record begins whose text begins at an offset of some bytes.
    #[must_use]
    pub fn start_of(&self, bytes: &[u8], text: usize) -> Option<usize> {
        let mut at = text;
        let mut behind = self.header_len;
        for place in self.varying().rev() {
            at = at.checked_sub(behind - place.offset - place.size)?;
            at -= digits_before(bytes.get(..at)?, place.code, place.size);
            behind = place.offset;
        }
        at.checked_sub(behind)
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

    /// Returns the padding of a record with so much header and text.
    #[must_use]
    pub fn padding(&self, header_len: usize, text_len: usize) -> usize {
        if self.align <= 1 {
            return 0;
        }
        let len = self.overhead() - self.header_len + header_len + text_len;
        (self.align + self.align_rest - len % self.align) % self.align
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
