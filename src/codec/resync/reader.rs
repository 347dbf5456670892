use std::io::Read;

use super::{EndMark, ResyncHeader, ResyncTextError};
use crate::codec::checksum::Crc32;
use crate::codec::queue::{Framed, Framing, QueueError, QueueReader, QueueRecord, RecordKind};

/// How a resync file without damage ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// With an end mark that agrees: nothing is missing.
    Whole(EndMark),
    /// Behind a record, without an end mark: cut there, or of another make.
    NoEndMark,
}

/// A resync file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResyncError {
    /// The file does not begin with a resync header.
    #[error("no resync header: found {found}")]
    NoHeader {
        /// What stands there instead.
        found: String,
    },
    /// A record is there that should not be, or holds what it should not.
    #[error("transaction {number} at byte {offset:#x}: {fault}")]
    Record {
        /// Number of the record in the file, from 1.
        number: u64,
        /// Offset of the record from the start of the file.
        offset: u64,
        /// What is wrong.
        fault: ResyncFault,
    },
    /// The queue itself is damaged.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The header would not be read back as it is: a name holds what no name can.
    #[error("resync header: {0}")]
    Header(ResyncTextError),
}

/// What is wrong with one record of a resync file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResyncFault {
    /// The header does not have its form.
    #[error("resync header: {0}")]
    Header(ResyncTextError),
    /// The end mark does not have its form.
    #[error("end mark: {0}")]
    EndMark(ResyncTextError),
    /// A header stands inside the file: two files in one.
    #[error("a second resync header")]
    SecondHeader,
    /// Something follows the end mark.
    #[error("a record after the end mark")]
    AfterEndMark,
    /// Records are missing, or too many.
    #[error("end mark counts {stored} records, found {counted}")]
    Count {
        /// What the end mark says.
        stored: u64,
        /// Records before it.
        counted: u64,
    },
    /// The bytes before the end mark were changed.
    #[error("end mark has crc32 {stored:#010x}, computed {computed:#010x}")]
    Crc {
        /// What the end mark says.
        stored: u32,
        /// What the bytes say.
        computed: u32,
    },
    /// A record of this kind cannot be written here; header and end mark are the writer's own.
    #[error("a record of kind {0} inside a resync file")]
    Kind(u16),
}

impl ResyncFault {
    pub(super) fn at(self, number: u64, offset: u64) -> ResyncError {
        ResyncError::Record {
            number,
            offset,
            fault: self,
        }
    }
}

/// Reads a resync file record by record, in constant memory, and says at the end whether it was whole.
///
/// Every checksum is looked at: unlike in a queue, a wrong one is an error here. In a framing without
/// kinds, header and end mark are known by the beginning of their text.
#[derive(Debug)]
pub struct ResyncReader<R> {
    queue: QueueReader<R>,
    has_kinds: bool,
    header: ResyncHeader,
    crc32: Crc32,
    ending: Option<Ending>,
}

impl<R: Read> ResyncReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// The file begins with something else, which the error names; or the header is damaged.
    pub fn new(input: R, framing: &Framing) -> Result<Self, ResyncError> {
        let mut queue = QueueReader::new(input, framing);
        let has_kinds = framing.kind.is_some();
        let mut framed = Framed::default();
        if !queue.read(&mut framed)? {
            let found = "an empty file".into();
            return Err(ResyncError::NoHeader { found });
        }
        if kind(&framed.record, has_kinds) != RecordKind::ResyncHeader {
            let found = describe(&framed.record);
            return Err(ResyncError::NoHeader { found });
        }
        if let Some(error) = framed.checksum_error() {
            return Err(error.into());
        }
        let header = ResyncHeader::decode(&framed.record.text)
            .map_err(|e| ResyncFault::Header(e).at(1, 0))?;
        let mut crc32 = Crc32::new();
        crc32.update(queue.last_bytes());
        Ok(Self {
            queue,
            has_kinds,
            header,
            crc32,
            ending: None,
        })
    }

    /// Returns the header.
    pub fn header(&self) -> &ResyncHeader {
        &self.header
    }

    /// Reads the next record of the list into `framed`; at the end of the file returns false, and
    /// [`Self::ending`] tells how it ended.
    ///
    /// # Errors
    /// The file is damaged; number and byte of the record are named.
    pub fn read(&mut self, framed: &mut Framed) -> Result<bool, ResyncError> {
        if self.ending.is_some() {
            return Ok(false);
        }
        if !self.queue.read(framed)? {
            self.ending = Some(Ending::NoEndMark);
            return Ok(false);
        }
        if let Some(error) = framed.checksum_error() {
            return Err(error.into());
        }
        match kind(&framed.record, self.has_kinds) {
            RecordKind::ResyncHeader => {
                Err(ResyncFault::SecondHeader.at(framed.number, framed.offset))
            }
            RecordKind::EndMark => {
                self.ending = Some(Ending::Whole(self.check_end(framed)?));
                Ok(false)
            }
            _ => {
                self.crc32.update(self.queue.last_bytes());
                Ok(true)
            }
        }
    }

    /// Returns how the file ended; `None` until [`Self::read`] came to the end.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Reads to the end and tells how the file ends.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn verify(mut self) -> Result<Ending, ResyncError> {
        let mut framed = Framed::default();
        loop {
            self.read(&mut framed)?;
            if let Some(ending) = self.ending {
                return Ok(ending);
            }
        }
    }

    fn check_end(&mut self, framed: &mut Framed) -> Result<EndMark, ResyncError> {
        let (number, offset) = (framed.number, framed.offset);
        let mark = EndMark::decode(&framed.record.text)
            .map_err(|e| ResyncFault::EndMark(e).at(number, offset))?;
        let (counted, computed) = (number - 1, self.crc32.value());
        if mark.count != counted {
            let stored = mark.count;
            return Err(ResyncFault::Count { stored, counted }.at(number, offset));
        }
        if mark.crc32 != computed {
            let stored = mark.crc32;
            return Err(ResyncFault::Crc { stored, computed }.at(number, offset));
        }
        let behind = self.queue.offset();
        match self.queue.read(framed) {
            Ok(false) => Ok(mark),
            Ok(true) | Err(QueueError::Record { .. }) => {
                Err(ResyncFault::AfterEndMark.at(number + 1, behind))
            }
            Err(e) => Err(e.into()),
        }
    }
}

fn kind(record: &QueueRecord, has_kinds: bool) -> RecordKind {
    if has_kinds {
        record.kind
    } else if record.text.starts_with(super::HEADER_KEY.as_bytes()) {
        RecordKind::ResyncHeader
    } else if record.text.starts_with(super::END_KEY.as_bytes()) {
        RecordKind::EndMark
    } else {
        record.kind
    }
}

fn describe(record: &QueueRecord) -> String {
    let shown = &record.text[..record.text.len().min(40)];
    format!(
        "a record of kind {} with the text \"{}\"",
        record.kind.code(),
        shown.escape_ascii()
    )
}
